// Forbidden packets by the hundred thousand a second, while policies are rewritten and the agent is
// killed and started again.
//   CATENA_FULL=1   3 million of them instead of a share
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <tuple>

#include <gtest/gtest.h>

#include "tests/kernel/agent/policy_node.h"
#include "tests/support/flood.h"

namespace catena::test {
namespace {

using std::chrono::milliseconds;
using Json = nlohmann::json;

constexpr std::uint64_t kShare = 400'000;
constexpr std::uint64_t kAll = 3'000'000;
constexpr double kAtLeastASecond = 100'000;
constexpr int kKills = 4;

bool is_full() { return std::getenv("CATENA_FULL") != nullptr; }

class PolicyFlood : public PolicyTest {
 protected:
  // One after the other of what may happen to policies that never let the outside in. `closed`
  // isolates all the time.
  void change(int step) const {
    const std::string cidr = "203.0." + std::to_string(step % 200) + ".0/24";
    Json some = nobody_enters();
    some["ingress"] = {{{"from", {{{"ipBlock", {{"cidr", cidr}}}}}}}};
    switch (step % 6) {
      case 0:
        node_.put_policy("some", some);
        break;
      case 1:
        node_.put_policy("closed", only_enters({{"nobody", std::to_string(step)}}));
        break;
      case 2:
        node_.put_pod(node_.client, kFriend);
        node_.put_policy("friends", only_enters(kFriend));
        break;
      case 3:
        node_.put_policy("closed", nobody_enters());
        node_.put_pod(node_.client);
        break;
      case 4:
        node_.remove_policy("some");
        break;
      default:
        node_.remove_policy("friends");
        break;
    }
  }

  // In a place where nothing else waits for the agent.
  std::jthread changing(std::atomic<int>& steps) const {
    return std::jthread([this, &steps](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        change(++steps);
        std::this_thread::sleep_for(milliseconds(3));
      }
    });
  }

  std::vector<Flood::Path> paths() const {
    const auto& [outside, web] = std::tie(node_.scene.outside, node_.scene.pod_a);
    return {{outside.v4, web.v4}, {outside.v6, web.v6}};
  }
};

TEST_F(PolicyFlood, NoPacketGetsThroughWhilePoliciesChangeAndTheAgentIsKilled) {
  node_.put_policy("closed", nobody_enters());
  auto agent = node_.start();
  add_both(*agent);
  Flood flood(node_.scene.outside.netns, node_.scene.pod_a.netns, paths());
  std::atomic<int> steps = 0;
  double written = 0;
  int kills = 0;
  {
    const std::jthread changing = this->changing(steps);
    for (; kills < kKills || flood.sent() < (is_full() ? kAll : kShare); ++kills) {
      std::this_thread::sleep_for(milliseconds(50 + kills % 5 * 150));
      written += agent->metric("catena_agent_policy_latency_seconds_count");
      agent->signal(SIGKILL);
      agent.reset();
      std::this_thread::sleep_for(milliseconds(kills % 3 * 50));
      agent = node_.start();
      EXPECT_TRUE(node_.add(*agent, node_.web).contains("result"));
      ASSERT_EQ(flood.arrived(), 0U) << "after " << kills << " kills and " << steps << " changes";
    }
  }
  const double rate = flood.sent_per_second();
  EXPECT_EQ(flood.arrived(), 0U);
  std::printf("%lu packets, %.0f a second, %d kills, %d changes, %.0f of them written\n",
              flood.sent(), rate, kills, steps.load(), written);
  if (is_full()) {
    EXPECT_GE(rate, kAtLeastASecond);
  }
  // And they could.
  for (const char* policy : {"closed", "some", "friends"}) {
    node_.remove_policy(policy);
  }
  EXPECT_TRUE(eventually([&flood] { return flood.arrived() > 0; })) << agent->log();
}

}  // namespace
}  // namespace catena::test
