// What a pod waits for that needs a new ENI, beside the cloud's own work: calls and looks, in
// virtual time.
#include <algorithm>

#include "tests/unit/agent/exclusive_fixture.h"

namespace catena::agent {
namespace {

using testing::ElementsAre;

constexpr Millis kAttach{3'000};
// From the request to the answer of any call.
constexpr Millis kRoundTrip{100};

// A cloud whose answers take a while, and that writes down what it was asked.
class SlowTransport : public cloud::Transport {
 public:
  struct Call {
    std::string action;
    Millis at;
  };
  SlowTransport(cloud::Transport& real, cloud::Pace& pace) : real_(real), pace_(pace) {}
  base::Result<cloud::HttpResponse> exchange(const cloud::HttpRequest& request) override {
    const auto header = std::ranges::find(request.headers, "x-acs-action",
                                          &std::pair<std::string, std::string>::first);
    calls.push_back(
        {header == request.headers.end() ? request.url : header->second, pace_.elapsed()});
    auto answer = real_.exchange(request);
    pace_.sleep(kRoundTrip);
    return answer;
  }
  std::vector<Call> calls;

 private:
  cloud::Transport& real_;
  cloud::Pace& pace_;
};

class EniReadyTest : public ExclusiveTest {
 protected:
  static sim::Scene scene() {
    sim::Scene scene = scene_of("ecs.g7.xlarge");
    scene.delays.attach = {kAttach, kAttach};
    return scene;
  }
  EniReadyTest() : ExclusiveTest(scene()), slow_(transport_, pace_) {
    cloud::ClientOptions options;
    options.endpoints.region = scene_.region;
    slow_client_.emplace(slow_, pace_, keys_, nullptr, options);
  }
  // From the beginning until the pod could have it.
  Millis grow_one() {
    const Millis begin = pace_.elapsed();
    Duty duty(store_, *slow_client_, settings_, Millis(120'000));
    duty.share_types(&types_);
    duty.look_for_nics([this](const base::Mac&) -> base::Result<bool> {
      const auto attached =
          std::ranges::find(slow_.calls, "AttachNetworkInterface", &SlowTransport::Call::action);
      return attached != slow_.calls.end() && pace_.elapsed() - attached->at >= kAttach;
    });
    const auto grown = grow_exclusive(duty, {.enis = 1});
    EXPECT_TRUE(grown.ok()) << text_of(grown);
    return pace_.elapsed() - begin;
  }

  std::vector<std::string> called() const {
    std::vector<std::string> actions;
    std::ranges::transform(slow_.calls, std::back_inserter(actions), &SlowTransport::Call::action);
    return actions;
  }

  SlowTransport slow_;
  KnownTypes types_;
  std::optional<cloud::Client> slow_client_;
};

TEST_F(EniReadyTest, APodsNewEniIsAskedForInThreeCallsMoreThanItTakesToMakeOne) {
  grow_one();
  const std::vector<std::string> actions = called();
  const auto attach = std::ranges::find(actions, "AttachNetworkInterface");
  EXPECT_THAT((std::vector<std::string>(actions.begin(), attach)),
              ElementsAre("DescribeInstanceTypes", "DescribeNetworkInterfaces", "DescribeVSwitches",
                          "CreateNetworkInterface"));
}

TEST_F(EniReadyTest, WhatAnInstanceTypeAllowsIsAskedForOnce) {
  grow_one();
  start_eni_pod("web");
  slow_.calls.clear();
  grow_one();
  EXPECT_THAT(called(), testing::Not(testing::Contains("DescribeInstanceTypes")));
}

// Round trips of kRoundTrip and what the simulated cloud adds to it: 6 before the attach is on its
// way.
TEST_F(EniReadyTest, TheEniCanBeHadAsSoonAsItsNicIsThere) {
  const Millis whole = grow_one();
  const auto attach =
      std::ranges::find(slow_.calls, "AttachNetworkInterface", &SlowTransport::Call::action);
  ASSERT_NE(attach, slow_.calls.end());
  const Millis behind = pace_.elapsed() - attach->at - kAttach;
  std::printf("%ld ms beside the attach, %ld of them behind it\n",
              static_cast<long>((whole - kAttach).count()), static_cast<long>(behind.count()));
  EXPECT_LT(behind, 3 * kRoundTrip) << "one look may be under way when the NIC comes";
  EXPECT_LT(whole - kAttach, Millis(1'200));
}

}  // namespace
}  // namespace catena::agent
