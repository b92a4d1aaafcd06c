#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/shaping/record.h"
#include "tests/kernel/bandwidth/scene.h"

namespace catena::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

const json kLimited = {{"ingressRate", 8'000'000}, {"egressRate", 4'000'000}};
const json kFromHost = {
    {"ingressRate", 8'000'000}, {"egressRate", 4'000'000}, {"egressFrom", "host"}};

json gc_keys(const json& valid) {
  return {{"prevResult", nullptr}, {"cni.dev/valid-attachments", valid}};
}

Answer gc(const BandwidthNode& node, const json& keys) {
  return static_cast<const TestNode&>(node).call(
      {.command = "GC", .container_id = "", .if_name = "", .config = node.config(keys)});
}

TEST(Add, OfAPodWithoutLimitsPassesTheResultThrough) {
  const BandwidthNode node;
  const BandwidthPod pod(node, 1);
  const Answer added = node.add(pod, json::object());
  EXPECT_EQ(added.json.at("interfaces").size(), pod.result().at("interfaces").size());
  EXPECT_EQ(added.json.at("ips"), pod.result().at("ips"));
  EXPECT_THAT(node.left_in(pod), Not(HasSubstr("qdisc")));
  EXPECT_TRUE(node.call("CHECK", pod).ok());
  EXPECT_TRUE(node.call("DEL", pod).ok());
  EXPECT_EQ(node.left_in(pod), "");
}

TEST(Add, AgainChangesTheLimitsInPlaceAndTakesThemAway) {
  const BandwidthNode node;
  const BandwidthPod pod(node, 1);
  node.add(pod, kLimited);
  json others = {{"ingressRate", 16'000'000}};
  node.add(pod, others);
  EXPECT_TRUE(node.call("CHECK", pod, others).ok());
  EXPECT_THAT(root_of(pod.ns, "eth0"), Not(HasSubstr("tbf")));
  node.add(pod, json::object());
  EXPECT_THAT(node.left_in(pod), Not(HasSubstr("qdisc")));
}

TEST(Add, LeavesARecordThatTellsTheAgentOfThePod) {
  const BandwidthNode node;
  const BandwidthPod pod(node, 1);
  for (const json& keys : {json::object(), kLimited}) {
    node.add(pod, keys);
    const auto record = shaping::Records(node.state_dir()).find("pod-a", "eth0");
    ASSERT_TRUE(record.ok() && record->has_value());
    EXPECT_EQ((*record)->pod_uid, "u-1");
    EXPECT_EQ((*record)->pod_namespace, "default");
    EXPECT_EQ((*record)->netns, pod.ns.path());
    EXPECT_EQ((*record)->fixed, keys == kLimited);
  }
}

TEST(Add, WithoutAPlaceForRecordsStillLimits) {
  const BandwidthNode node;
  const BandwidthPod pod(node, 1);
  node.node.sh("echo file > " + node.dir() + "/file");
  json keys = kLimited;
  keys["stateDir"] = node.dir() + "/file";
  node.add(pod, keys);
  EXPECT_TRUE(node.call("CHECK", pod, keys).ok());
  EXPECT_TRUE(node.call("DEL", pod, keys).ok());
  EXPECT_EQ(node.left_in(pod), "");
}

TEST(Add, ThatFailsLeavesNothing) {
  const BandwidthNode node;
  const BandwidthPod pod(node, 1);
  // The ifb's name is taken by a link that can't be one.
  const std::string ifb = shaping::ifb_name("pod-a", "eth0");
  pod.ns.sh("true");
  node.node.sh("ip link add " + ifb + " type veth peer name other");
  const Answer answer = node.call("ADD", pod, kFromHost);
  EXPECT_FALSE(answer.ok());
  EXPECT_THAT(answer.message(), HasSubstr(ifb));
  EXPECT_THAT(root_of(node.node, "host1"), Not(HasSubstr("tbf")));
  EXPECT_FALSE(std::filesystem::exists(node.state_dir() + "/shaped/" + ifb));
}

TEST(Del, WorksOnWhateverIsLeft) {
  const BandwidthNode node;
  for (const json& keys : {kLimited, kFromHost}) {
    auto pod = std::make_unique<BandwidthPod>(node, 1);
    node.add(*pod, keys);
    EXPECT_TRUE(node.call("DEL", *pod, keys).ok());
    EXPECT_TRUE(node.call("DEL", *pod, keys).ok());
    EXPECT_EQ(node.left_in(*pod), "");
    node.add(*pod, keys);
    pod->ns.sh("ip link del eth0");
    EXPECT_TRUE(node.call("DEL", *pod, keys).ok()) << "the link is gone";
    EXPECT_EQ(node.left_in(*pod), "");
  }
}

class DelWithoutNamespace : public testing::TestWithParam<bool> {};

TEST_P(DelWithoutNamespace, LeavesNothing) {
  const BandwidthNode node;
  auto pod = std::make_unique<BandwidthPod>(node, 1);
  node.add(*pod, kFromHost);
  if (!GetParam()) {
    std::filesystem::remove_all(node.state_dir() + "/shaped");
  }
  const std::string path = pod->ns.path();
  pod.reset();
  for (const std::string& netns : {path, std::string()}) {
    EXPECT_TRUE(static_cast<const TestNode&>(node)
                    .call({.command = "DEL", .netns = netns, .config = node.config(kFromHost)})
                    .ok());
  }
  // The kernel takes the namespace and the veth down in the background.
  node.node.sh(
      "for n in $(seq 100); do ip link show host1 >/dev/null 2>&1 || break; sleep 0.05; "
      "done");
  EXPECT_EQ(node.left(), "");
}

INSTANTIATE_TEST_SUITE_P(Del, DelWithoutNamespace, testing::Bool(), [](const auto& has_record) {
  return has_record.param ? "WithARecord" : "WithoutARecord";
});

TEST(Del, SucceedsWithAConfigurationThatWasMadeWorse) {
  const BandwidthNode node;
  const BandwidthPod pod(node, 1);
  node.add(pod, kFromHost);
  EXPECT_TRUE(node.call("DEL", pod, {{"ingressRate", "x"}, {"colour", "red"}}).ok());
  EXPECT_EQ(node.left_in(pod), "");
}

TEST(Del, OfAThousandPodsLeavesNothing) {
  const BandwidthNode node;
  const BandwidthPod pod(node, 1);
  const bool full = std::getenv("CATENA_FULL") != nullptr;
  const int rounds = full ? 500 : 20;
  for (int round = 0; round < rounds; ++round) {
    for (const json& keys : {kLimited, kFromHost}) {
      ASSERT_TRUE(node.call("ADD", pod, keys).ok());
      ASSERT_TRUE(node.call("DEL", pod, keys).ok());
    }
  }
  EXPECT_EQ(node.left_in(pod), "");
}

struct Damage {
  const char* name;
  bool in_pod;
  const char* command;
  const char* says;
};

void PrintTo(const Damage& damage, std::ostream* out) { *out << damage.name; }

class CheckFinds : public testing::TestWithParam<Damage> {};

TEST_P(CheckFinds, TheDifferenceAndNamesIt) {
  const BandwidthNode node;
  const BandwidthPod pod(node, 1);
  const json keys = {{"ingressRate", 8'000'000},
                     {"egressRate", 4'000'000},
                     {"egressFrom", GetParam().in_pod ? "pod" : "host"}};
  node.add(pod, keys);
  ASSERT_TRUE(node.call("CHECK", pod, keys).ok());
  std::string command = GetParam().command;
  if (const auto at = command.find("IFB"); at != std::string::npos) {
    command.replace(at, 3, shaping::ifb_name("pod-a", "eth0"));
  }
  (GetParam().in_pod ? pod.ns : node.node).sh(command);
  const Answer found = node.call("CHECK", pod, keys);
  EXPECT_EQ(found.code(), 100) << found.process.out;
  EXPECT_THAT(found.message(), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Check, CheckFinds,
    testing::Values(
        Damage{"QueueGone", false, "tc qdisc del dev host1 root", "limit of host1 is gone"},
        Damage{"QueueOfThePodGone", true, "tc qdisc del dev eth0 root", "limit of eth0 is gone"},
        Damage{"RateChanged", false,
               "tc qdisc change dev host1 root handle ca10: tbf rate 1mbit burst 41141 limit 41141",
               "rate is 125000"},
        Damage{"BurstChanged", true,
               "tc qdisc change dev eth0 root handle ca10: tbf rate 4170792bit burst 9000 limit "
               "24224",
               "limit of eth0"},
        Damage{"OtherKind", false, "tc qdisc replace dev host1 root handle 1: bfifo limit 100000",
               "is gone"},
        Damage{"IfbGone", false, "ip link del IFB", "is gone"},
        Damage{"IfbDown", false, "ip link set IFB down", "is down"},
        Damage{"RedirectionGone", false, "tc qdisc del dev host1 ingress", "is not led to"},
        Damage{"LinkGone", true, "ip link del eth0", "eth0"}),
    [](const auto& damage) { return damage.param.name; });

TEST(Check, FollowsWhatTheAgentMadeOfTheLimits) {
  const BandwidthNode node;
  const BandwidthPod pod(node, 1);
  const json keys = {{"runtimeConfig", {{"bandwidth", {{"ingressRate", 8'000'000}}}}}};
  node.add(pod, keys);
  node.node.run([&] {
    const shaping::Records records(node.state_dir());
    shaping::Rates rates;
    rates.ingress.rate_bits = 2'000'000;
    EXPECT_TRUE(records.reshape(**records.find("pod-a", "eth0"), rates).ok());
  });
  EXPECT_THAT(root_of(node.node, "host1"), HasSubstr("rate 2085"));
  EXPECT_TRUE(node.call("CHECK", pod, keys).ok());
}

TEST(Gc, RemovesWhatIsNotListedAndKeepsWhatIs) {
  const BandwidthNode node;
  const BandwidthPod pod(node, 1);
  node.add(pod, kFromHost);
  EXPECT_TRUE(gc(node, gc_keys({{{"containerID", "pod-a"}, {"ifname", "eth0"}}})).ok());
  EXPECT_TRUE(node.call("CHECK", pod, kFromHost).ok());
  EXPECT_TRUE(gc(node, gc_keys(json::array())).ok());
  EXPECT_EQ(node.left_in(pod), "");
}

TEST(Gc, FindsAnIfbWithoutARecordByNameAndAlias) {
  const BandwidthNode node;
  auto pod = std::make_unique<BandwidthPod>(node, 1);
  node.add(*pod, kFromHost);
  std::filesystem::remove_all(node.state_dir() + "/shaped");
  node.node.sh("ip link del host1");
  pod.reset();
  json other = gc_keys(json::array());
  other["name"] = "othernet";
  EXPECT_TRUE(gc(node, other).ok());
  EXPECT_THAT(node.left(), HasSubstr("ctb")) << "another network's";
  EXPECT_TRUE(gc(node, gc_keys(json::array())).ok());
  EXPECT_EQ(node.left(), "");
}

TEST(Gc, WithoutAListRemovesOnlyWhatIsProvablyDead) {
  const BandwidthNode node;
  const BandwidthPod alive(node, 2);
  auto dead = std::make_unique<BandwidthPod>(node, 1);
  node.add(alive, kFromHost);
  json config = node.config(kFromHost);
  config["prevResult"] = dead->result();
  EXPECT_TRUE(static_cast<const TestNode&>(node)
                  .call({.command = "ADD",
                         .container_id = "pod-b",
                         .netns = dead->ns.path(),
                         .config = config})
                  .ok());
  dead.reset();
  EXPECT_TRUE(gc(node, json::object()).ok());
  EXPECT_TRUE(node.call("CHECK", alive, kFromHost).ok());
  EXPECT_THAT(node.left(), Not(HasSubstr(shaping::ifb_name("pod-b", "eth0"))));
}

TEST(Status, IsWellWhereTheKernelHasTheQueues) {
  const BandwidthNode node;
  const std::string before = node.node.sh("tc qdisc show");
  for (const json& keys : {json::object(), json{{"unshapedSubnets", {"10.0.0.0/8"}}}}) {
    const Answer answer = static_cast<const TestNode&>(node).call(
        {.command = "STATUS", .container_id = "", .if_name = "", .config = node.config(keys)});
    EXPECT_TRUE(answer.ok()) << answer.process.out;
  }
  EXPECT_EQ(node.node.sh("tc qdisc show"), before);
}

}  // namespace
}  // namespace catena::test
