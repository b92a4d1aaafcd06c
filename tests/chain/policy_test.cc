// No moment without policy: datagrams every millisecond from before ADD to after DEL, through
// whatever happens to policies and agent meanwhile.
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>

#include <gtest/gtest.h>

#include "tests/chain/policied.h"
#include "tests/support/must.h"
#include "tests/support/prober.h"

namespace catena::test {
namespace {

using base::IpAddress;
using std::chrono::milliseconds;

constexpr const char* kWeb = "172.30.1.5";
constexpr const char* kOutside = "192.168.0.1";
// So long a packet has to slip through.
constexpr milliseconds kWhile{150};

IpAddress parsed(const std::string& text) { return must(IpAddress::parse(text)); }

// Both directions between the outside and a pod of that address.
struct Probers {
  Probers(const PoliciedNode& node, const ScratchNetNs& pod, const std::string& address)
      : in({.from = node.outside(), .to = pod, .destination = parsed(address)}),
        out({.from = pod, .to = node.outside(), .destination = parsed(kOutside)}) {}
  int arrived() const { return in.arrived() + out.arrived(); }
  Prober in;
  Prober out;
};

void wait_a_while() { std::this_thread::sleep_for(kWhile); }

TEST(NoMomentWithoutPolicy, FromBeforeTheFirstAddAfterBootToAfterDel) {
  PoliciedNode node;
  node.start_agent_that_denies();
  const ScratchNetNs pod;
  const Probers probers(node, pod, kWeb);
  for (int time = 0; time < 3; ++time) {
    node.add("web", pod, kWeb);
    wait_a_while();
    node.put_policy("more", allow_from({{"ipBlock", {{"cidr", "203.0.113.0/24"}}}}));
    wait_a_while();
    node.kill_agent();
    wait_a_while();
    node.start_agent();
    wait_a_while();
    node.remove_policy("more");
    wait_a_while();
    node.del("web", pod);
    wait_a_while();
    EXPECT_EQ(probers.arrived(), 0) << "time " << time;
  }
  EXPECT_EQ(node.chain().leftovers(), "");
  node.remove_policy("deny");
  node.add("web", pod, kWeb);
  EXPECT_TRUE(probers.in.arrives()) << "the probers work";
  EXPECT_TRUE(probers.out.arrives());
}

// cnitool gives a namespace's pod the same container id each time.
TEST(NoMomentWithoutPolicy, OfAPodThatComesBackUnderItsOldIdAtOnce) {
  PoliciedNode node;
  node.start_agent_that_denies();
  const ScratchNetNs pod;
  const Probers probers(node, pod, kWeb);
  for (int time = 0; time < 12; ++time) {
    node.add("web", pod, kWeb);
    std::this_thread::sleep_for(milliseconds(time % 4 * 40));
    node.del("web", pod);
  }
  EXPECT_EQ(probers.arrived(), 0);
}

TEST(NoMomentWithoutPolicy, WhileTheAgentIsAwayWithWhatItLastKnew) {
  PoliciedNode node;
  node.start_agent_that_denies();
  node.kill_agent();
  const ScratchNetNs pod;
  const Probers probers(node, pod, kWeb);
  node.add("web", pod, kWeb);
  wait_a_while();
  node.del("web", pod);
  node.add("web", pod, kWeb);
  wait_a_while();
  node.start_agent();
  wait_a_while();
  EXPECT_EQ(probers.arrived(), 0);
  node.remove_policy("deny");
  EXPECT_TRUE(probers.in.arrives()) << "opened by the watch";
  EXPECT_TRUE(probers.out.arrives());
}

TEST(NoMomentWithoutPolicy, APodThatNobodyCouldTellOfIsShutUntilTheAgentComes) {
  PoliciedNode node;
  node.put_pod("web");
  const ScratchNetNs pod;
  const Probers probers(node, pod, kWeb);
  node.add("web", pod, kWeb);
  wait_a_while();
  EXPECT_EQ(probers.arrived(), 0);
  EXPECT_TRUE(can_ping(node.chain().node(), kWeb)) << "kubelet's probe";
  node.start_agent();
  EXPECT_TRUE(probers.in.arrives());
  EXPECT_TRUE(probers.out.arrives());
}

// The plugin gives up after 2 s and shuts the pod by itself, while the agent, which is slow, comes
// to the same pod: sooner, later, at the same moment.
TEST(NoMomentWithoutPolicy, WithAnAgentWhoseAnswerComesTooLateNoPodStaysShutOrGetsOpen) {
  PoliciedNode node;
  node.install({.policy_keys = {{"waitSeconds", 2}}});
  node.put_policy("deny", deny_all({{"matchLabels", {{"app", "web"}}}}));
  node.put_pod("web");
  node.put_pod("free");
  node.start_agent();
  const ScratchNetNs web;
  const ScratchNetNs free;
  const Probers denied(node, web, kWeb);
  const Probers allowed(node, free, "172.30.1.6");
  for (const int late : {1'950, 2'000, 2'060, 2'500}) {
    node.agent().signal(SIGSTOP);
    {
      const std::jthread beside([&] { node.add("free", free, "172.30.1.6"); });
      const std::jthread again([&] {
        std::this_thread::sleep_for(milliseconds(late));
        node.agent().signal(SIGCONT);
      });
      node.add("web", web, kWeb);
    }
    EXPECT_TRUE(allowed.in.arrives()) << late << " ms";
    EXPECT_TRUE(allowed.out.arrives()) << late << " ms";
    EXPECT_TRUE(can_ping(node.chain().node(), kWeb)) << "kubelet's probe";
    EXPECT_EQ(denied.arrived(), 0) << late << " ms";
    node.del("web", web);
    node.del("free", free);
  }
}

TEST(NoMomentWithoutPolicy, BesideAChainThatHasNone) {
  PoliciedNode node;
  node.install({.network = "plain", .cidr = "172.30.2.0/24", .with_policy = false});
  node.put_policy("deny", deny_all({{"matchLabels", {{"app", "web"}}}}));
  node.put_pod("web");
  node.put_pod("other");
  node.start_agent();
  const ScratchNetNs pod;
  const ScratchNetNs other;
  const Probers probers(node, pod, kWeb);
  const Probers others(node, other, "172.30.2.5");
  const Prober between({.from = other, .to = pod, .destination = parsed(kWeb)});
  for (int time = 0; time < 3; ++time) {
    const std::jthread beside([&] { node.add("other", other, "172.30.2.5", "plain"); });
    node.add("web", pod, kWeb);
    wait_a_while();
    EXPECT_TRUE(others.in.arrives());
    EXPECT_TRUE(others.out.arrives());
    node.del("other", other, "plain");
    wait_a_while();
    node.del("web", pod);
  }
  EXPECT_EQ(probers.arrived(), 0);
  EXPECT_EQ(between.arrived(), 0);
}

// The seed README's example: who may reach a web server is said by a label.
TEST(Policies, LetPodsWithALabelReachTheServerLiveAndNobodyElse) {
  PoliciedNode node;
  node.put_policy("access-nginx",
                  allow_from({{"podSelector", {{"matchLabels", {{"access", "true"}}}}}},
                             {{"matchLabels", {{"run", "nginx"}}}}));
  node.put_pod("nginx", {{"run", "nginx"}});
  node.put_pod("busybox");
  node.start_agent();
  const ScratchNetNs nginx;
  const ScratchNetNs busybox;
  node.add("nginx", nginx, kWeb);
  node.add("busybox", busybox, "172.30.1.6");
  const Prober prober({.from = busybox, .to = nginx, .destination = parsed(kWeb)});
  EXPECT_EQ(prober.arriving_in(kWhile), 0);
  // kubelet's part: the pod's address.
  node.api().objects().put(
      {{"apiVersion", "v1"},
       {"kind", "Pod"},
       {"metadata",
        {{"name", "busybox"},
         {"namespace", "shop"},
         {"uid", "u-busybox"},
         {"labels", {{"access", "true"}}}}},
       {"spec", {{"nodeName", "node-1"}, {"containers", json::array({{{"name", "c"}}})}}},
       {"status",
        {{"phase", "Running"},
         {"podIP", "172.30.1.6"},
         {"podIPs", json::array({{{"ip", "172.30.1.6"}}})}}}});
  EXPECT_TRUE(prober.arrives());
  node.put_pod("busybox");
  std::this_thread::sleep_for(milliseconds(500));
  EXPECT_EQ(prober.arriving_in(kWhile), 0) << "the label is gone";
}

// Pods start and stop side by side while policies come, change and go; none of those that are
// denied all ever gets a datagram.
TEST(NoMomentWithoutPolicy, InAStormOfAddsWithPoliciesChanging) {
  constexpr std::size_t kPods = 4;
  PoliciedNode node;
  node.put_policy("deny", deny_all({{"matchLabels", {{"tier", "shut"}}}}));
  std::array<ScratchNetNs, kPods> pods;
  std::vector<std::unique_ptr<Prober>> probers;
  for (std::size_t i = 0; i < kPods; ++i) {
    node.put_pod("pod-" + std::to_string(i), {{"tier", "shut"}});
    probers.push_back(std::make_unique<Prober>(
        ProbedPath{.from = node.outside(),
                   .to = pods.at(i),
                   .destination = parsed("172.30.1." + std::to_string(10 + i))}));
  }
  node.start_agent();
  const std::jthread changing([&node](const std::stop_token& stop) {
    for (int i = 0; !stop.stop_requested(); ++i) {
      const std::string name = "change-" + std::to_string(i % 3);
      const std::string cidr = "203.0." + std::to_string(i % 200) + ".0/24";
      node.put_policy(name, allow_from({{"ipBlock", {{"cidr", cidr}}}}));
      std::this_thread::sleep_for(milliseconds(5));
      if (i % 4 == 0) {
        node.remove_policy(name);
      }
    }
  });
  for (int round = 0; round < 4; ++round) {
    std::vector<std::jthread> starting;
    for (std::size_t i = 0; i < kPods; ++i) {
      starting.emplace_back([&, i] {
        node.add("pod-" + std::to_string(i), pods.at(i), "172.30.1." + std::to_string(10 + i));
      });
    }
    starting.clear();
    wait_a_while();
    std::vector<std::jthread> stopping;
    for (std::size_t i = 0; i < kPods; ++i) {
      stopping.emplace_back([&, i] { node.del("pod-" + std::to_string(i), pods.at(i)); });
    }
  }
  for (const auto& prober : probers) {
    EXPECT_EQ(prober->arrived(), 0);
    EXPECT_GT(prober->sent(), 500);
  }
}

}  // namespace
}  // namespace catena::test
