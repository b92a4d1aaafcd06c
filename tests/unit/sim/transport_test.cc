#include "sim/sim_transport.h"
#include "tests/unit/sim/gate_fixture.h"

namespace catena::sim {
namespace {

struct Transport : GateTest {
  Transport() : pace(*world, gateway), transport(*world, gateway, metadata, pace, kInstance) {}

  cloud::HttpRequest describe(const std::string& host = "ecs.cn-hangzhou.aliyuncs.com") const {
    SignedCall call = call_of("DescribeInstances", {{"RegionId", "cn-hangzhou"}});
    call.host = host;
    return acs3_request(call);
  }
  // The status, or the error's code.
  std::string outcome(const cloud::HttpRequest& request) {
    const auto response = transport.exchange(request);
    return response.ok() ? std::to_string(response->status) : response.error().code();
  }
  void order(Fault::When when, Fault::What what, std::chrono::milliseconds delay = {}) {
    Fault fault;
    fault.when = when;
    fault.what = what;
    fault.delay = delay;
    gateway.faults().add(fault);
  }

  VirtualPace pace;
  SimTransport transport;
};

TEST_F(Transport, ReachesTheHostsOfItsRegionOnly) {
  for (const char* const host : {"ecs.cn-hangzhou.aliyuncs.com", "ecs-vpc.cn-hangzhou.aliyuncs.com",
                                 "ecs-cn-hangzhou.aliyuncs.com", "ecs.aliyuncs.com"}) {
    EXPECT_EQ(outcome(describe(host)), "200") << host;
  }
  EXPECT_EQ(outcome(describe("ecs.cn-shanghai.aliyuncs.com")), "Transport.NotSent");
  EXPECT_EQ(outcome(describe("example.com")), "Transport.NotSent");
  EXPECT_EQ(outcome(describe("127.0.0.1:8080")), "Transport.NotSent");
  transport.also_serve("127.0.0.1:8080");
  EXPECT_EQ(outcome(describe("127.0.0.1:8080")), "200");
}

TEST_F(Transport, ReachesTheMetadataServiceAsItsInstanceSeesIt) {
  cloud::HttpRequest request;
  request.url = "http://100.100.100.200/latest/meta-data/instance-id";
  const auto response = transport.exchange(request);
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->body, kInstance);
  request.url = "https://100.100.100.200/latest/meta-data/instance-id";
  EXPECT_EQ(outcome(request), "Transport.NotSent");
  metadata.options.unavailable = true;
  request.url = "http://100.100.100.200/latest/meta-data/instance-id";
  EXPECT_EQ(outcome(request), "Transport.NotSent");
}

TEST_F(Transport, ALostAnswerIsUnknownAndARefusedConnectionIsNotSent) {
  order(Fault::When::kAfter, Fault::What::kLost);
  EXPECT_EQ(outcome(describe()), "Transport.Unknown");
  order(Fault::When::kAfter, Fault::What::kHalf);
  EXPECT_EQ(outcome(describe()), "Transport.Unknown");
  order(Fault::When::kBefore, Fault::What::kRefused);
  EXPECT_EQ(outcome(describe()), "Transport.NotSent");
  EXPECT_EQ(outcome(describe()), "200");
}

TEST_F(Transport, TimePassesAsTheAnswerTakes) {
  order(Fault::When::kAfter, Fault::What::kSlow, std::chrono::seconds(7));
  EXPECT_EQ(outcome(describe()), "200");
  EXPECT_EQ(pace.elapsed(), std::chrono::seconds(7));
}

TEST_F(Transport, AnAnswerAfterTheTimeoutIsUnknownThoughItWasDone) {
  order(Fault::When::kAfter, Fault::What::kSlow, std::chrono::seconds(25));
  cloud::HttpRequest request = rpc_request(call_of("CreateNetworkInterface", new_eni()));
  request.timeout = std::chrono::seconds(20);
  EXPECT_EQ(outcome(request), "Transport.Unknown");
  EXPECT_EQ(pace.elapsed(), std::chrono::seconds(20));
  EXPECT_EQ(secondary_enis(), 1U);
}

TEST_F(Transport, SleepingMovesTheWorldAndItsClock) {
  const auto before = pace.wall();
  pace.sleep(std::chrono::milliseconds(1500));
  EXPECT_EQ(pace.wall() - before, std::chrono::milliseconds(1500));
  EXPECT_EQ(std::chrono::system_clock::time_point(world->now()), pace.wall());
  EXPECT_EQ(pace.elapsed(), std::chrono::milliseconds(1500));
}

}  // namespace
}  // namespace catena::sim
