#include "tests/unit/sim/gate_fixture.h"

namespace catena::sim {
namespace {

struct RatesOfCalls : GateTest {
  SignedCall describe() const {
    return call_of("DescribeInstances", {{"RegionId", "cn-hangzhou"}});
  }
};

TEST_F(RatesOfCalls, OneCallTooManyInAMinuteIsThrottledUntilTheNext) {
  gateway.rates().options.per_minute["DescribeInstances"] = 2;
  world->advance(std::chrono::seconds(5));  // 03:04:10
  EXPECT_EQ(verdict(describe()), "200");
  EXPECT_EQ(verdict(describe()), "200");
  const Answer refused = gateway.handle(rpc_request(describe()));
  EXPECT_EQ(verdict_of(refused), "400 Throttling.User");
  EXPECT_EQ(body_of(refused)["Message"], "Request was denied due to user flow control.");
  EXPECT_EQ(refused.response.header("x-ratelimit-user-api"),
            "Limit:2,Remain:0,TimeLeft:50000,Reset:1767323100");
  EXPECT_EQ(verdict(call_of("DescribeInstanceTypes")), "200");  // each action for itself
  world->advance(std::chrono::milliseconds(49'999));
  EXPECT_EQ(verdict(describe()), "400 Throttling.User");
  world->advance(std::chrono::milliseconds(1));
  EXPECT_EQ(verdict(describe()), "200");
}

TEST_F(RatesOfCalls, AllKeysOfAnAccountShareAndAnotherAccountDoesNot) {
  gateway.rates().options.per_minute["DescribeInstances"] = 1;
  add_user("LTAIuser", RamPolicy::everything());
  add_user("LTAIother", RamPolicy::everything());
  gateway.accounts().find_key("LTAIother")->account = "999";
  const auto as = [&](const std::string& id) {
    SignedCall call = describe();
    call.key_id = id;
    call.secret = "secret of " + id;
    return verdict(call);
  };
  EXPECT_EQ(verdict(describe()), "200");
  EXPECT_EQ(as("LTAIuser"), "400 Throttling.User");
  EXPECT_EQ(as("LTAIother"), "200");
}

TEST_F(RatesOfCalls, AllCallsTogetherCanBeLimitedToo) {
  gateway.rates().options.all = 2;
  EXPECT_EQ(verdict(describe()), "200");
  EXPECT_EQ(verdict(call_of("DescribeInstanceTypes")), "200");
  const Answer refused = gateway.handle(rpc_request(describe()));
  EXPECT_EQ(verdict_of(refused), "400 Throttling");
  EXPECT_FALSE(refused.response.header("x-ratelimit-user").empty());
}

TEST_F(RatesOfCalls, CallsThatAreNotAnsweredYetCount) {
  gateway.rates().options.concurrent = 2;
  gateway.options().fastest = std::chrono::milliseconds(300);
  gateway.options().slowest = std::chrono::milliseconds(300);
  EXPECT_EQ(verdict(describe()), "200");
  EXPECT_EQ(verdict(describe()), "200");
  EXPECT_EQ(verdict(describe()), "400 Throttling.ConcurrentLimitExceeded");
  world->advance(std::chrono::milliseconds(300));
  EXPECT_EQ(verdict(describe()), "200");
}

TEST_F(RatesOfCalls, CallsAreCountedByWhatBecameOfThem) {
  gateway.rates().options.per_minute["CreateNetworkInterface"] = 2;
  EXPECT_EQ(verdict(call_of("CreateNetworkInterface", new_eni())), "200");
  EXPECT_EQ(verdict(call_of("CreateNetworkInterface", {{"RegionId", "cn-shanghai"}})),
            "404 InvalidRegionId.NotFound");
  EXPECT_EQ(verdict(call_of("CreateNetworkInterface", new_eni())), "400 Throttling.User");
  const CallCount& count = gateway.counts().at("CreateNetworkInterface");
  EXPECT_EQ(count.calls, 3U);
  EXPECT_EQ(count.carried_out, 1U);
  EXPECT_EQ(count.answered, 1U);
  EXPECT_EQ(count.refused, (std::map<std::string, std::uint64_t>{{"InvalidRegionId.NotFound", 1},
                                                                 {"Throttling.User", 1}}));
  gateway.reset_counts();
  EXPECT_TRUE(gateway.counts().empty());
}

TEST(UsualRates, AreTheOnesOfTheOnlyPublishedClient) {
  const RateOptions usual = RateOptions::usual();
  EXPECT_EQ(usual.per_minute.at("DescribeNetworkInterfaceAttribute"), 2000);
  EXPECT_EQ(usual.per_minute.at("AssignPrivateIpAddresses"), 400);
  EXPECT_EQ(usual.other, 500);
}

}  // namespace
}  // namespace catena::sim
