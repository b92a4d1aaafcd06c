// What a change costs on a large node.
#include <chrono>
#include <netinet/in.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/firewall/expect.h"
#include "tests/kernel/xtables/scene.h"

namespace catena::xtables::test {
namespace {

constexpr int kPods = 250;
constexpr int kPolicies = 1000;
constexpr int kPeersEach = 10;
// Many times what it takes on a machine that does nothing else (docs/xtables.md).
constexpr std::chrono::milliseconds kAtMost{3000};

// Each pod has four policies of its own, each with two ports and peers of its own.
netpol::Rules large_node() {
  netpol::Rules rules;
  for (int i = 0; i < kPolicies; ++i) {
    const std::string number = std::to_string(i);
    netpol::Set peers;
    for (int k = 0; k < kPeersEach; ++k) {
      peers.addresses.push_back(
          ip("10.64.0.0").plus(static_cast<std::uint64_t>(i * kPeersEach + k)));
    }
    rules.sets["s4-" + number] = peers;
    for (const std::uint16_t port : {kWeb, kOther}) {
      rules.chains["p-in-" + number].rules.push_back({.protocol = IPPROTO_TCP,
                                                      .first_port = port,
                                                      .last_port = port,
                                                      .peers = "s4-" + number});
    }
  }
  for (int i = 0; i < kPods; ++i) {
    netpol::Subject subject;
    subject.addresses = {ip("10.1.0.2").plus(static_cast<std::uint64_t>(i))};
    subject.ingress.emplace();
    for (int k = 0; k < kPolicies / kPods; ++k) {
      subject.ingress->push_back("p-in-" + std::to_string(i + k * kPods));
    }
    rules.subjects["pod" + std::to_string(i)] = subject;
  }
  return rules;
}

std::chrono::microseconds time_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() -
                                                               start);
}

TEST(XtablesCost, TwoHundredAndFiftyPodsWithAThousandPoliciesTakeLessThanASecondOrThree) {
  const Scene scene;
  netpol::Rules rules = large_node();
  const auto all = time_of([&] { ASSERT_OK(scene.sync(rules)); });
  const auto nothing = time_of([&] { ASSERT_OK(scene.sync(rules)); });
  rules.sets["s4-0"].addresses.push_back(ip("10.99.0.1"));
  const auto peer = time_of([&] { ASSERT_OK(scene.sync(rules)); });
  const auto pod = time_of([&] { ASSERT_OK(scene.close_subject("new", scene.pod_a)); });
  const auto gone = time_of([&] { ASSERT_OK(scene.remove_subject("new")); });
  std::printf("ms: all %.1f, nothing %.1f, one peer %.1f, one pod more %.1f, one less %.1f\n",
              double(all.count()) / 1000, double(nothing.count()) / 1000,
              double(peer.count()) / 1000, double(pod.count()) / 1000, double(gone.count()) / 1000);
  for (const auto& each : {all, nothing, peer, pod, gone}) {
    EXPECT_LT(each, kAtMost);
  }
  EXPECT_THAT(scene.differences(rules), testing::IsEmpty());
}

}  // namespace
}  // namespace catena::xtables::test
