// ADD of catena-policy: who is asked, and what becomes of a pod whose policies nobody can tell.
#include <chrono>
#include <sys/socket.h>
#include <sys/un.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/eni/own_eni_node.h"
#include "tests/kernel/policy_plugin/scene.h"
#include "tests/support/agent/one_answer.h"
#include "tests/support/plugin_call.h"

namespace catena::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kPod = "172.30.1.5";
constexpr const char* kOutside = "192.168.0.1";
const json kAllow = {{"onUnknown", "allow"}};

void expect_shut(const PolicyNode& node, const ScratchNetNs& pod) {
  EXPECT_TRUE(is_cut_off(node.outside(), kPod)) << "from outside";
  EXPECT_TRUE(is_cut_off(pod, kOutside)) << "to the outside";
  EXPECT_TRUE(is_cut_off(pod, "192.168.0.10")) << "to the node";
  EXPECT_TRUE(can_ping(node.node(), kPod)) << "kubelet's probe";
}

void expect_open(const PolicyNode& node, const ScratchNetNs& pod) {
  EXPECT_TRUE(can_ping(node.outside(), kPod));
  EXPECT_TRUE(can_ping(pod, kOutside));
  EXPECT_TRUE(can_ping(node.node(), kPod));
}

TEST(PolicyAdd, LeavesAllToTheAgentWhereOneAnswers) {
  const PolicyNode node;
  const ScratchNetNs pod;
  const json result = node.make_link(pod);
  const std::string socket = node.dir() + "/agent.sock";
  OneAnswer agent(socket, json{{"result", {{"known", true}}}}.dump());
  const Answer added = node.call({.netns = pod.path(), .result = result, .agent_socket = socket});
  EXPECT_TRUE(added.ok()) << added.process.out;
  EXPECT_EQ(added.json, result) << "what the plugin before it said";
  const json request = json::parse(agent.asked());
  EXPECT_EQ(request.at("duty"), "policy.add");
  EXPECT_EQ(request.at("args").at("onUnknown"), "deny");
  EXPECT_EQ(request.at("args").at("podName"), "pod-a");
  EXPECT_LE(request.at("deadlineMs"), 5000);
  EXPECT_THAT(policies_in(node.node()), IsEmpty()) << "the guard is the agent's to open";
  const auto record = node.record();
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->pod_namespace, "shop");
  EXPECT_EQ(record->pod_uid, "u-pod-a");
  EXPECT_EQ(record->host_link, result.at("interfaces").at(0).at("name"));
  EXPECT_FALSE(record->own_nic);
  EXPECT_TRUE(record->closed_while_unknown);
}

TEST(PolicyAdd, WithNobodyToAskThePodIsShutAndTheLogSaysSo) {
  const PolicyNode node;
  const ScratchNetNs pod;
  node.add(pod);
  expect_shut(node, pod);
  EXPECT_THAT(node.log(), HasSubstr("it is shut until the agent knows them"));
  EXPECT_TRUE(node.record().has_value());
}

TEST(PolicyAdd, WithNobodyToAskAndOnUnknownAllowThePodIsOpenAndTheLogSaysSo) {
  const PolicyNode node;
  const ScratchNetNs pod;
  node.add(pod, kAllow);
  expect_open(node, pod);
  EXPECT_THAT(node.log(), HasSubstr("let pass without any until the agent knows"));
  const auto record = node.record();
  ASSERT_TRUE(record.has_value());
  EXPECT_FALSE(record->closed_while_unknown);
}

TEST(PolicyAdd, AnAgentThatFailsIsNobodyToAsk) {
  const PolicyNode node;
  const ScratchNetNs pod;
  const json result = node.make_link(pod);
  const std::string socket = node.dir() + "/agent.sock";
  const OneAnswer agent(
      socket, json{{"error", {{"kind", "try-again"}, {"text", "the lists are not in"}}}}.dump());
  const Answer added = node.call({.netns = pod.path(), .result = result, .agent_socket = socket});
  EXPECT_TRUE(added.ok()) << added.process.out;
  EXPECT_THAT(node.log(), HasSubstr("the lists are not in"));
  expect_shut(node, pod);
}

TEST(PolicyAdd, AnAgentThatIsSilentKeepsThePodWaitingNoLongerThanItMay) {
  const PolicyNode node;
  const ScratchNetNs pod;
  const json result = node.make_link(pod);
  const std::string path = node.dir() + "/agent.sock";
  const base::UniqueFd silent(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  ASSERT_EQ(::bind(silent.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(::listen(silent.get(), 1), 0);
  const Answer added = node.call(
      {.netns = pod.path(), .result = result, .keys = {{"waitSeconds", 2}}, .agent_socket = path});
  EXPECT_TRUE(added.ok()) << added.process.out;
  EXPECT_GE(added.process.wall, std::chrono::seconds(2));
  EXPECT_LT(added.process.wall, std::chrono::seconds(4));
  expect_shut(node, pod);
}

TEST(PolicyAdd, APodWithoutANameIsNoPodOfTheCluster) {
  const PolicyNode node;
  const ScratchNetNs pod;
  const json result = node.make_link(pod);
  const Answer added = node.call({.netns = pod.path(), .result = result, .named = false});
  EXPECT_TRUE(added.ok()) << added.process.out;
  expect_open(node, pod);
  EXPECT_FALSE(node.record().has_value());
  const Answer checked =
      node.call({.command = "CHECK", .netns = pod.path(), .result = result, .named = false});
  EXPECT_TRUE(checked.ok()) << checked.process.out;
}

TEST(PolicyAdd, AgainAfterTheAgentWasAwayKeepsThePodShut) {
  const PolicyNode node;
  const ScratchNetNs pod;
  const json result = node.add(pod);
  EXPECT_TRUE(node.call({.netns = pod.path(), .result = result}).ok());
  expect_shut(node, pod);
  EXPECT_TRUE(node.call({.command = "CHECK", .netns = pod.path(), .result = result}).ok());
}

TEST(PolicyAdd, APodOfAChainWithoutPolicyIsOpenBesideAShutOne) {
  const PolicyNode node;
  const TestNode& other = node.topology();
  const ScratchNetNs shut;
  const ScratchNetNs open;
  node.add(shut);
  const Answer added = other.add(open, "pod-b", {{"closedUntilPolicy", false}});
  EXPECT_TRUE(can_ping(open, kOutside));
  EXPECT_TRUE(can_ping(node.outside(), address_of(added)));
  EXPECT_TRUE(is_cut_off(open, kPod));
  expect_shut(node, shut);
}

// Its end on the node has a name of its own, and nobody made a guard.
TEST(PolicyAdd, ThePodOfAStrangersPluginIsJudgedOnTheNode) {
  const PolicyNode node;
  const ScratchNetNs pod;
  node.node().sh(
      "sysctl -qw net.ipv4.ip_forward=1; ip link add veth0 type veth peer name eth0 netns " +
      pod.path() +
      "; ip addr add 172.30.1.1/32 dev veth0; ip link set veth0 up; "
      "ip route add 172.30.1.5/32 dev veth0");
  pod.sh(
      "ip addr add 172.30.1.5/24 dev eth0; ip link set eth0 up; ip route add default via "
      "172.30.1.1");
  const json result = {
      {"cniVersion", "1.1.0"},
      {"interfaces", {{{"name", "veth0"}}, {{"name", "eth0"}, {"sandbox", pod.path()}}}},
      {"ips", {{{"address", "172.30.1.5/24"}, {"gateway", "172.30.1.1"}, {"interface", 1}}}}};
  EXPECT_TRUE(can_ping(node.outside(), kPod));
  const Answer added = node.call({.netns = pod.path(), .result = result});
  EXPECT_TRUE(added.ok()) << added.process.out;
  EXPECT_EQ(node.record()->host_link, "veth0");
  EXPECT_FALSE(node.record()->own_nic);
  expect_shut(node, pod);
  EXPECT_TRUE(node.call({.command = "CHECK", .netns = pod.path(), .result = result}).ok());
  EXPECT_TRUE(node.call({.command = "DEL", .netns = pod.path(), .result = result}).ok());
  EXPECT_EQ(node.left(), "");
}

TEST(PolicyAdd, WhatIsNoVethIsJudgedInsideThePod) {
  const PolicyNode node;
  const ScratchNetNs pod;
  node.node().sh(
      "ip link add mv0 link nic0 type macvlan mode bridge && ip link set mv0 name eth0 netns " +
      pod.path());
  pod.sh("ip addr add 192.168.0.55/24 dev eth0; ip link set eth0 up");
  const json result = {
      {"cniVersion", "1.1.0"},
      {"interfaces", {{{"name", "eth0"}, {"sandbox", pod.path()}}}},
      {"ips", {{{"address", "192.168.0.55/24"}, {"gateway", "192.168.0.1"}, {"interface", 0}}}}};
  EXPECT_TRUE(can_ping(node.outside(), "192.168.0.55"));
  const Answer added = node.call({.netns = pod.path(), .result = result});
  EXPECT_TRUE(added.ok()) << added.process.out;
  EXPECT_TRUE(node.record()->own_nic);
  EXPECT_TRUE(is_cut_off(node.outside(), "192.168.0.55"));
  EXPECT_TRUE(is_cut_off(pod, kOutside));
  EXPECT_TRUE(node.call({.command = "DEL", .netns = pod.path(), .result = result}).ok());
  EXPECT_EQ(node.left(), "");
  EXPECT_EQ(policies_in(pod), "");
}

class OwnEni : public testing::Test {
 protected:
  Answer policy(const std::string& command, const json& result,
                const json& keys = json::object()) const {
    json config = {{"cniVersion", "1.1.0"},
                   {"name", "testnet"},
                   {"type", "catena-policy"},
                   {"stateDir", scene_.state_dir()},
                   {"prevResult", result}};
    config.update(keys);
    return call_plugin(site_without_agent("catena-policy", scene_.node(), scene_.dir()),
                       {.command = command,
                        .netns = pod_.path(),
                        .args = "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=pod-a",
                        .config = config});
  }

  const OwnEniNode scene_{{.enis = 1}};
  const ScratchNetNs pod_;
  const json closed_ = {{"closedUntilPolicy", true}};
};

TEST_F(OwnEni, OfAPodIsShutOnBothWaysWithNobodyToAsk) {
  const Answer link = scene_.add(pod_, "pod-a", closed_);
  const Answer added = policy("ADD", link.json);
  EXPECT_TRUE(added.ok()) << added.process.out;
  EXPECT_TRUE(is_cut_off(scene_.vpc.b(), "192.168.0.31"));
  EXPECT_TRUE(is_cut_off(pod_, "192.168.1.10")) << "by its NIC";
  EXPECT_TRUE(is_cut_off(pod_, "192.168.0.10")) << "by veth1";
  EXPECT_TRUE(can_ping(scene_.node(), "192.168.0.31")) << "kubelet's probe";
  EXPECT_TRUE(policy("CHECK", link.json).ok());
  EXPECT_TRUE(policy("DEL", link.json).ok());
  EXPECT_EQ(policies_in(pod_), "");
  EXPECT_TRUE(is_cut_off(scene_.vpc.b(), "192.168.0.31"))
      << "the NIC is shut until it is taken away";
  EXPECT_TRUE(scene_.del(pod_.path(), "pod-a", closed_).ok());
  // The node's rules end by themselves, a moment after the guard was shut.
  EXPECT_TRUE(scene_.node().sh_ok(
      "for n in $(seq 50); do nft list map inet catena in4 | grep -q 192.168.0.31 || exit 0; "
      "sleep 0.1; done; exit 1"));
  EXPECT_EQ(scene_.leftovers(), "");
}

TEST_F(OwnEni, OfAPodIsOpenOnBothWaysWhereThatIsWanted) {
  const Answer link = scene_.add(pod_, "pod-a", closed_);
  const Answer added = policy("ADD", link.json, kAllow);
  EXPECT_TRUE(added.ok()) << added.process.out;
  EXPECT_TRUE(can_ping(scene_.vpc.b(), "192.168.0.31"));
  EXPECT_TRUE(can_ping(pod_, "192.168.1.10"));
  EXPECT_TRUE(can_ping(pod_, "192.168.0.10"));
  EXPECT_TRUE(can_ping(scene_.node(), "192.168.0.31"));
}

}  // namespace
}  // namespace catena::test
