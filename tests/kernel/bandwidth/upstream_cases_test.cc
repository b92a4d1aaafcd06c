// What the tests of upstream's bandwidth plugin ask of it, asked of ours, and where ours does
// better on purpose.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/bandwidth/scene.h"

namespace catena::test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class EachVersion : public testing::TestWithParam<const char*> {
 protected:
  json keys(json rates) const {
    rates["cniVersion"] = GetParam();
    return rates;
  }
  BandwidthNode node;
  BandwidthPod pod{node, 1, 1024};
  const json limited = {{"ingressRate", 80'000},
                        {"ingressBurst", 80'000},
                        {"egressRate", 160'000},
                        {"egressBurst", 80'000}};
};

// 80,000 bit/s are 10,000 bytes/s of payload: 10,635 with the headers of frames of 1,038 bytes. tc
// makes bytes of the kernel's time, and loses one.
TEST_P(EachVersion, LimitsBothDirections) {
  const Answer added = node.add(pod, keys(limited));
  EXPECT_EQ(added.json.at("interfaces").size(), 2U) << "no ifb is needed";
  EXPECT_THAT(root_of(node.node, pod.host_link()), HasSubstr("rate 85080bit burst 9999b"));
  EXPECT_THAT(root_of(pod.ns, "eth0"), HasSubstr("rate 170160bit burst 9999b"));
}

TEST_P(EachVersion, LimitsBothDirectionsFromTheNodeByAnIfb) {
  json from_host = keys(limited);
  from_host["egressFrom"] = "host";
  const Answer added = node.add(pod, from_host);
  const json& links = added.json.at("interfaces");
  ASSERT_EQ(links.size(), 3U);
  const std::string ifb = links.at(2).at("name");
  EXPECT_FALSE(links.at(2).contains("sandbox") && !links.at(2).at("sandbox").empty());
  EXPECT_THAT(root_of(node.node, ifb), HasSubstr("rate 170160bit burst 9999b"));
  EXPECT_THAT(root_of(node.node, pod.host_link()), HasSubstr("rate 85080bit"));
  EXPECT_THAT(root_of(pod.ns, "eth0"), Not(HasSubstr("tbf")));
  const std::string shown = node.node.sh("ip -d link show " + ifb + "; tc filter show dev " +
                                         pod.host_link() + " ingress");
  EXPECT_THAT(shown, AllOf(HasSubstr("mtu 1024"),
                           HasSubstr("mirred (Egress Redirect to device " + ifb + ") stolen")));
}

TEST_P(EachVersion, LeavesIngressAloneWhereItIsNotLimited) {
  node.add(pod, keys({{"ingressRate", 0},
                      {"ingressBurst", 0},
                      {"egressRate", 16'000},
                      {"egressBurst", 80'000}}));
  EXPECT_THAT(root_of(node.node, pod.host_link()), Not(HasSubstr("tbf")));
  EXPECT_THAT(root_of(pod.ns, "eth0"), HasSubstr("tbf"));
}

TEST_P(EachVersion, LeavesEgressAloneWhereItIsNotLimited) {
  node.add(pod, keys({{"egressRate", 0},
                      {"egressBurst", 0},
                      {"ingressRate", 8'000},
                      {"ingressBurst", 80'000}}));
  EXPECT_THAT(root_of(node.node, pod.host_link()), HasSubstr("tbf"));
  EXPECT_THAT(root_of(pod.ns, "eth0"), Not(HasSubstr("tbf")));
}

TEST_P(EachVersion, RefusesABurstWithoutARate) {
  const json bad = {{"ingressRate", 0}, {"ingressBurst", 123}, {"egressRate", 123}};
  const Answer own = node.call("ADD", pod, keys(bad));
  EXPECT_EQ(own.code(), 7);
  EXPECT_THAT(own.message(), HasSubstr("if burst is set, rate must also be set"));
  const Answer runtime = node.call("ADD", pod, keys({{"runtimeConfig", {{"bandwidth", bad}}}}));
  EXPECT_EQ(runtime.code(), 7);
  EXPECT_THAT(runtime.message(), HasSubstr("if burst is set, rate must also be set"));
}

TEST_P(EachVersion, OwnRatesGoBeforeTheRuntimes) {
  json both = keys({{"ingressRate", 80'000}, {"ingressBurst", 80'000}});
  both["runtimeConfig"]["bandwidth"] = {{"ingressRate", 8'000'000},
                                        {"ingressBurst", 800'000},
                                        {"egressRate", 8'000'000},
                                        {"egressBurst", 800'000}};
  node.add(pod, both);
  EXPECT_THAT(root_of(node.node, pod.host_link()), HasSubstr("rate 85080bit"));
  EXPECT_THAT(root_of(pod.ns, "eth0"), Not(HasSubstr("tbf"))) << "they count as a whole";
}

TEST_P(EachVersion, RuntimesRatesLimitToo) {
  node.add(pod, keys({{"runtimeConfig", {{"bandwidth", limited}}}}));
  EXPECT_THAT(root_of(node.node, pod.host_link()), HasSubstr("rate 85080bit burst 9999b"));
  EXPECT_THAT(root_of(pod.ns, "eth0"), HasSubstr("rate 170160bit burst 9999b"));
}

TEST_P(EachVersion, DelRemovesTheIfb) {
  json from_host = keys(limited);
  from_host["egressFrom"] = "host";
  node.add(pod, from_host);
  EXPECT_TRUE(node.call("DEL", pod, from_host).ok());
  EXPECT_EQ(node.left_in(pod), "");
}

// Upstream demands a veth; an ENI in the pod has none, and is limited all the same.
TEST_P(EachVersion, InterfaceWithoutAPeerIsLimitedInThePod) {
  const BandwidthPod nic(node, 2, 1024, PodLink::kNic);
  const Answer added = node.add(nic, keys(limited));
  const json& links = added.json.at("interfaces");
  ASSERT_EQ(links.size(), 2U);
  EXPECT_EQ(links.at(1).at("sandbox"), nic.ns.path());
  EXPECT_THAT(root_of(nic.ns, "eth0"), HasSubstr("170160bit"));
  EXPECT_THAT(root_of(nic.ns, links.at(1).at("name")), HasSubstr("85080bit"));
  EXPECT_TRUE(node.call("DEL", nic, keys(limited)).ok());
  EXPECT_EQ(node.left_in(nic), "");
}

INSTANTIATE_TEST_SUITE_P(Upstream, EachVersion,
                         testing::Values("0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"),
                         [](const auto& version) {
                           std::string name = version.param;
                           std::ranges::replace(name, '.', '_');
                           return name;
                         });

const json kLimited = {{"ingressRate", 80'000}, {"ingressBurst", 80'000}};

TEST(UpstreamCases, TheRightOneOfSeveralInterfacesOfTheNodeIsLimited) {
  const BandwidthNode node;
  const BandwidthPod pod(node, 1);
  const BandwidthPod other(node, 2);
  json result = pod.result();
  result["interfaces"] = {{{"name", "host2"}},
                          {{"name", "nic0"}},
                          result["interfaces"].at(1),
                          result["interfaces"].at(0)};
  result["ips"] = json::array();
  json keys = kLimited;
  keys["prevResult"] = result;
  node.add(pod, keys);
  EXPECT_THAT(root_of(node.node, "host1"), HasSubstr("tbf"));
  EXPECT_THAT(root_of(node.node, "host2"), Not(HasSubstr("tbf")));
  EXPECT_THAT(root_of(node.node, "nic0"), Not(HasSubstr("tbf")));
}

TEST(UpstreamCases, PeerThatTheResultDoesNotNameIsAnError) {
  const BandwidthNode node;
  const BandwidthPod pod(node, 1);
  json keys = kLimited;
  keys["prevResult"] = pod.result();
  keys["prevResult"]["interfaces"].at(1)["name"] = "other0";
  const Answer answer = node.call("ADD", pod, keys);
  EXPECT_EQ(answer.code(), 7);
  EXPECT_THAT(answer.message(), HasSubstr("host1"));
  EXPECT_EQ(node.left_in(pod), "");
}

// Upstream fails where the result names no interface of the node; plugins that don't tell of their
// end of the veth can be served all the same.
TEST(UpstreamCases, ResultWithoutTheNodesInterfaceIsServedByThePeer) {
  const BandwidthNode node;
  const BandwidthPod pod(node, 1);
  json keys = kLimited;
  keys["prevResult"] = pod.result();
  keys["prevResult"]["interfaces"] = {{{"name", "eth0"}, {"sandbox", pod.ns.path()}}};
  keys["prevResult"]["ips"] = json::array();
  node.add(pod, keys);
  EXPECT_THAT(root_of(node.node, "host1"), HasSubstr("tbf"));
}

TEST(UpstreamCases, NoInterfaceAtAllIsAnError) {
  const BandwidthNode node;
  const BandwidthPod pod(node, 1);
  pod.ns.sh("ip link del eth0");
  json keys = kLimited;
  keys["prevResult"] = {
      {"cniVersion", "1.1.0"}, {"interfaces", json::array()}, {"ips", json::array()}};
  const Answer answer = node.call("ADD", pod, keys);
  EXPECT_FALSE(answer.ok());
  EXPECT_THAT(answer.message(), HasSubstr("eth0"));
}

TEST(UpstreamCases, FirstInAChainIsAnErrorAndNoCrash) {
  const BandwidthNode node;
  const BandwidthPod pod(node, 1);
  for (const json& keys : {json::object(), kLimited}) {
    json without = keys;
    without["prevResult"] = nullptr;
    const Answer answer = node.call("ADD", pod, without);
    EXPECT_EQ(answer.code(), 7);
    EXPECT_THAT(answer.message(), HasSubstr("prevResult"));
  }
}

TEST(UpstreamCases, CheckFindsAQueueThatIsGone) {
  const BandwidthNode node;
  const BandwidthPod pod(node, 1);
  node.add(pod, kLimited);
  EXPECT_TRUE(node.call("CHECK", pod, kLimited).ok());
  node.node.sh("tc qdisc del dev host1 root");
  EXPECT_EQ(node.call("CHECK", pod, kLimited).code(), 100);
}

// Two attachments of a container to one network: upstream's second one fails, and its DEL takes the
// first one's ifb.
TEST(UpstreamCases, SecondInterfaceOfAContainerHasItsOwnLimits) {
  const BandwidthNode node;
  const BandwidthPod pod(node, 1);
  node.node.sh("ip link add second type veth peer name net1 netns " + pod.ns.path() +
               "; ip link set second up");
  pod.ns.sh("ip link set net1 up");
  const json keys = {{"egressRate", 80'000}, {"egressFrom", "host"}};
  node.add(pod, keys);
  json config = node.config(keys);
  config["prevResult"] = {{"interfaces", {{{"name", "second"}}}}};
  PluginCall second{.command = "ADD", .if_name = "net1", .netns = pod.ns.path(), .config = config};
  EXPECT_TRUE(static_cast<const TestNode&>(node).call(second).ok());
  second.command = "DEL";
  EXPECT_TRUE(static_cast<const TestNode&>(node).call(second).ok());
  EXPECT_TRUE(node.call("CHECK", pod, keys).ok());
}

}  // namespace
}  // namespace catena::test
