// Every kind of value has an answer of its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/bandwidth/scene.h"

namespace catena::test {
namespace {

using nlohmann::json;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

struct Value {
  const char* name;
  const char* keys;  // JSON
  // What the error says; empty: the ADD succeeds.
  const char* says;
  // What tc shows at the node's end of the veth then; empty: no limit.
  const char* shows;
};

void PrintTo(const Value& value, std::ostream* out) { *out << value.name; }

class Values : public testing::TestWithParam<Value> {
 protected:
  void expect(const json& keys) {
    const Value& value = GetParam();
    const Answer answer = node.call("ADD", pod, keys);
    if (*value.says != '\0') {
      EXPECT_EQ(answer.code(), 7) << answer.process.out;
      EXPECT_THAT(answer.message(), HasSubstr(value.says));
      EXPECT_EQ(node.left_in(pod), "");
      return;
    }
    EXPECT_TRUE(answer.ok()) << answer.process.out;
    const std::string root = root_of(node.node, pod.host_link());
    if (*value.shows != '\0') {
      EXPECT_THAT(root, HasSubstr(value.shows));
    } else {
      EXPECT_THAT(root, Not(HasSubstr("tbf")));
    }
    EXPECT_TRUE(node.call("CHECK", pod, keys).ok());
  }
  BandwidthNode node;
  BandwidthPod pod{node, 1};
};

TEST_P(Values, InTheConfiguration) { expect(json::parse(GetParam().keys)); }

TEST_P(Values, FromTheRuntime) {
  expect({{"runtimeConfig", {{"bandwidth", json::parse(GetParam().keys)}}}});
}

INSTANTIATE_TEST_SUITE_P(
    Bandwidth, Values,
    testing::Values(
        Value{"NothingIsNoLimit", R"({})", "", ""},
        Value{"ZeroIsNoLimit", R"({"ingressRate": 0, "ingressBurst": 0})", "", ""},
        Value{"NegativeRate", R"({"ingressRate": -1})", "ingressRate", ""},
        Value{"NegativeBurst", R"({"ingressRate": 8000, "ingressBurst": -8})", "ingressBurst", ""},
        Value{"FractionalRate", R"({"ingressRate": 8000.5})", "ingressRate", ""},
        Value{"FractionOfZero", R"({"ingressRate": 8000000.0})", "", "rate 8341Kbit"},
        Value{"OverflowingRate", R"({"ingressRate": 18446744073709551616})", "ingressRate", ""},
        Value{"LargestRateOf64Bits", R"({"ingressRate": 18446744073709551615})", "ingressRate", ""},
        Value{"AbsurdRate", R"({"ingressRate": 1e300})", "ingressRate", ""},
        Value{"RateAbovePetabit", R"({"ingressRate": 1000000000000001})", "ingressRate", ""},
        Value{"LargestRate", R"({"ingressRate": 1000000000000000})", "", "tbf"},
        Value{"RateBelowAByte", R"({"ingressRate": 7})", "ingressRate", ""},
        Value{"SmallestRate", R"({"ingressRate": 8, "ingressBurst": 8})", "", "rate 8bit"},
        Value{"TextRate", R"({"ingressRate": "10M"})", "ingressRate", ""},
        Value{"ListRate", R"({"ingressRate": [1]})", "ingressRate", ""},
        Value{"TrueIsNoRate", R"({"ingressRate": true})", "ingressRate", ""},
        Value{"NullIsNoLimit", R"({"ingressRate": null})", "", ""},
        Value{"NegativeRateOfWhatIsSent", R"({"egressRate": -1})", "egressRate", ""},
        Value{"OverflowingRateOfWhatIsSent", R"({"egressRate": 18446744073709551616})",
              "egressRate", ""},
        Value{"FractionalRateOfWhatIsSent", R"({"egressRate": 0.5})", "egressRate", ""},
        Value{"OverflowingBurst", R"({"ingressRate": 8000, "ingressBurst": 18446744073709551616})",
              "ingressBurst", ""},
        Value{"FractionalBurst", R"({"ingressRate": 8000, "ingressBurst": 0.5})", "ingressBurst",
              ""},
        Value{"AbsurdBurst", R"({"ingressRate": 8000, "ingressBurst": 1e300})", "ingressBurst", ""},
        Value{"TextBurst", R"({"ingressRate": 8000, "ingressBurst": "8k"})", "ingressBurst", ""},
        Value{"RateWithoutBurst", R"({"ingressRate": 1000000})", "", "burst 3027b"},
        Value{"BurstWithoutRate", R"({"ingressBurst": 8000})",
              "if burst is set, rate must also be set", ""},
        Value{"BurstWithoutRateOfWhatIsSent", R"({"egressBurst": 8000})",
              "if burst is set, rate must also be set", ""},
        Value{"BurstBesideARateOfZero", R"({"ingressRate": 0, "ingressBurst": 8000})",
              "if burst is set, rate must also be set", ""},
        Value{"BurstBelowAFrame", R"({"ingressRate": 1000000, "ingressBurst": 8})", "",
              "burst 1513b"}),
    [](const auto& value) { return value.param.name; });

class Bursts : public testing::Test {
 protected:
  std::string root_with(std::uint64_t rate, std::uint64_t burst) {
    node.add(pod, {{"runtimeConfig",
                    {{"bandwidth", {{"IngressRate", rate}, {"IngressBurst", burst}}}}}});
    return root_of(node.node, pod.host_link());
  }
  BandwidthNode node;
  BandwidthPod pod{node, 1};
};

// With upstream's plugin the 4 GiB that containerd sends overflow: of 7,812,500 bit/s 273 bytes are
// left, and no full packet passes.
TEST_F(Bursts, WhatRuntimesSendForNoneIsNone) {
  for (const std::uint64_t burst : {2'147'483'647U, 4'294'967'295U}) {
    for (const std::uint64_t rate : {1'000'000U, 5'208'333U, 7'812'500U, 15'000'000U}) {
      EXPECT_THAT(root_with(rate, burst), AnyOf(HasSubstr("burst 3027b"), HasSubstr("burst 13"),
                                                HasSubstr("burst 20"), HasSubstr("burst 39")));
      EXPECT_TRUE(pod.ns.sh_ok("ping -q -c 1 -W 2 -s 1400 " + pod.host_address()));
    }
  }
  EXPECT_THAT(root_with(1'000'000, 34'359'738'352U), HasSubstr("burst 3027b"));
}

TEST_F(Bursts, AskedForInTheConfigurationAreTakenUpToFourGigabytes) {
  node.add(pod, {{"ingressRate", 100'000'000}, {"ingressBurst", 34'359'738'352U}});
  EXPECT_TRUE(
      node.call("CHECK", pod, {{"ingressRate", 100'000'000}, {"ingressBurst", 34'359'738'352U}})
          .ok());
  EXPECT_TRUE(pod.ns.sh_ok("ping -q -c 1 -W 2 -s 1400 " + pod.host_address()));
}

TEST_F(Bursts, OfMoreAreRefused) {
  const Answer answer =
      node.call("ADD", pod, {{"ingressRate", 100'000'000}, {"ingressBurst", 34'359'738'368U}});
  EXPECT_EQ(answer.code(), 7);
  EXPECT_THAT(answer.message(), HasSubstr("burst cannot be more than 4GB"));
}

TEST(Annotations, OfTerwayLimitInBytesAndKubernetesOwnGoFirst) {
  const BandwidthNode node;
  const BandwidthPod pod(node, 1);
  json keys;
  keys["runtimeConfig"]["io.kubernetes.cri.pod-annotations"] = {
      {"k8s.aliyun.com/ingress-bandwidth", "1m"},
      {"k8s.aliyun.com/egress-bandwidth", "1m"},
      {"kubernetes.io/egress-bandwidth", "4M"}};
  node.add(pod, keys);
  // 1 MiB/s, 8.39 Mbit/s, and 4 Mbit/s of payload.
  EXPECT_THAT(root_of(node.node, "host1"), HasSubstr("rate 8746"));
  EXPECT_THAT(root_of(pod.ns, "eth0"), HasSubstr("rate 4170"));
  keys["runtimeConfig"]["bandwidth"] = {{"EgressRate", 2'000'000}};
  node.add(pod, keys);
  EXPECT_THAT(root_of(pod.ns, "eth0"), HasSubstr("rate 2085"));
  EXPECT_THAT(root_of(node.node, "host1"), HasSubstr("rate 8746"));
}

TEST(Annotations, ThatAreNoLimitsAreNamed) {
  const BandwidthNode node;
  const BandwidthPod pod(node, 1);
  json keys;
  keys["runtimeConfig"]["io.kubernetes.cri.pod-annotations"] = {
      {"k8s.aliyun.com/ingress-bandwidth", "fast"}};
  const Answer answer = node.call("ADD", pod, keys);
  EXPECT_EQ(answer.code(), 7);
  EXPECT_THAT(answer.message(), HasSubstr("k8s.aliyun.com/ingress-bandwidth"));
  // The configuration's own rates count alone.
  keys["ingressRate"] = 0;
  EXPECT_TRUE(node.call("ADD", pod, keys).ok());
}

TEST(Annotations, ThatTheRuntimeKeepsToItselfAreNotWaitedForWithoutAnAgent) {
  const BandwidthNode node;
  const BandwidthPod pod(node, 1);
  const json keys = {{"capabilities", {{"io.kubernetes.cri.pod-annotations", true}}}};
  const Answer answer = node.add(pod, keys);
  EXPECT_LT(answer.process.wall, std::chrono::milliseconds(400));
  EXPECT_THAT(node.node.sh("cat " + node.dir() + "/log"), HasSubstr("k8s.aliyun.com"));
}

TEST(Keys, UnknownAndContradictingOnesAreRefused) {
  const BandwidthNode node;
  const BandwidthPod pod(node, 1);
  for (const auto& [keys, says] :
       {std::pair{R"({"ingressrate": 8000})", "ingressRate"},
        {R"({"egressFrom": "node"})", "egressFrom"},
        {R"({"unshapedSubnets": ["10.0.0.1/8"]})", "without host bits"},
        {R"({"unshapedSubnets": ["10.0.0.0/8"], "shapedSubnets": ["10.0.0.0/8"]})",
         "only one of shapedSubnets and unshapedSubnets"},
        {R"({"stateDir": "here"})", "stateDir"}}) {
    const Answer answer = node.call("ADD", pod, json::parse(keys));
    EXPECT_EQ(answer.code(), 7) << keys;
    EXPECT_THAT(answer.message() + answer.json.value("details", ""), HasSubstr(says));
  }
}

}  // namespace
}  // namespace catena::test
