#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/test_node.h"

namespace catena::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr char kPlugin[] = "catena-vpc-route";

TEST(Add, PodReachesItsNodeOtherPodsAndTheOutside) {
  const TestNode node(kPlugin);
  const ScratchNetNs a;
  const ScratchNetNs b;
  const Answer added_a = node.add(a, "pod-a");
  const Answer added_b = node.add(b, "pod-b");
  EXPECT_TRUE(can_ping(a, "192.168.0.10")) << "own node";
  EXPECT_TRUE(can_ping(node.node, address_of(added_a))) << "node to pod";
  EXPECT_TRUE(can_ping(a, address_of(added_b))) << "pod to pod";
  EXPECT_TRUE(can_ping(a, "192.168.0.1")) << "pod to outside";
  EXPECT_TRUE(can_ping(node.outside, address_of(added_b))) << "outside to pod";
}

TEST(Add, ResultNamesBothEndsTheAddressAndTheRoute) {
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  const json result = node.add(pod, "pod-a").json;
  ASSERT_EQ(result["interfaces"].size(), 2U) << result;
  const json& host = result["interfaces"][0];
  const json& eth0 = result["interfaces"][1];
  EXPECT_EQ(result["cniVersion"], "1.1.0");
  EXPECT_EQ(host["name"].get<std::string>().substr(0, 3), "ctn");
  EXPECT_EQ(host["name"].get<std::string>().size(), 15U);
  EXPECT_FALSE(host.contains("sandbox"));
  EXPECT_EQ(eth0["name"], "eth0");
  EXPECT_EQ(eth0["sandbox"], pod.path());
  EXPECT_EQ(eth0["mtu"], 1500);
  EXPECT_EQ(result["ips"], json::parse(R"([{"address": "172.30.1.1/32", "gateway": "169.254.1.1",
                                           "interface": 1}])"));
  EXPECT_EQ(result["routes"], json::parse(R"([{"dst": "0.0.0.0/0", "gw": "169.254.1.1"}])"));
  EXPECT_THAT(pod.sh("ip link show eth0"), HasSubstr(eth0["mac"].get<std::string>()));
  EXPECT_THAT(node.node.sh("ip link show " + host["name"].get<std::string>()),
              HasSubstr(host["mac"].get<std::string>()));
}

TEST(Add, PodSideIsAHostAddressAndAGatewayThatIsANeighbourEntry) {
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  const Answer added = node.add(pod, "pod-a");
  EXPECT_EQ(pod.sh("ip -o -4 addr show eth0 | awk '{print $4}'"), "172.30.1.1/32\n");
  const std::string routes = pod.sh("ip route");
  EXPECT_THAT(routes, HasSubstr("default via 169.254.1.1 dev eth0"));
  EXPECT_THAT(routes, HasSubstr("169.254.1.1 dev eth0"));
  EXPECT_THAT(routes, HasSubstr("scope link"));
  const std::string host_mac = added.json["interfaces"][0]["mac"];
  EXPECT_THAT(pod.sh("ip neigh show dev eth0"),
              HasSubstr("169.254.1.1 lladdr " + host_mac + " PERMANENT"));
}

TEST(Add, HostSideIsARouteWithTheNodesAddressAndALinkThatNamesThePod) {
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  const std::string link = host_link_of(node.add(pod, "pod-a"));
  const std::string route = node.node.sh("ip -d route show proto 202");
  EXPECT_THAT(route, HasSubstr("172.30.1.1 dev " + link));
  EXPECT_THAT(route, HasSubstr("scope link src 192.168.0.10"));
  EXPECT_THAT(node.node.sh("ip -d link show " + link), HasSubstr("alias default/pod-a"));
  EXPECT_EQ(node.node.sh("cat /proc/sys/net/ipv4/conf/" + link + "/rp_filter"), "2\n");
  EXPECT_EQ(node.node.sh("cat /proc/sys/net/ipv6/conf/" + link + "/disable_ipv6"), "1\n");
  EXPECT_EQ(node.node.sh("cat /proc/sys/net/ipv4/conf/nic0/rp_filter"),
            node.outside.sh("cat /proc/sys/net/ipv4/conf/out0/rp_filter"))
      << "only our own links are touched";
}

TEST(Add, PodWithTheLongestNameIsServedAndItsAliasCut) {
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  const Answer added = node.call({.command = "ADD",
                                  .netns = pod.path(),
                                  .args = "K8S_POD_NAMESPACE=" + std::string(63, 'n') +
                                          ";K8S_POD_NAME=" + std::string(253, 'p'),
                                  .config = node.config()});
  ASSERT_TRUE(added.ok()) << added.process.out;
  EXPECT_THAT(node.node.sh("ip -d link show " + host_link_of(added)),
              HasSubstr("alias " + std::string(63, 'n') + "/ppp"));
}

TEST(Add, Ipv6PodReachesItsNodeOtherPodsAndTheOutsideAtOnce) {
  const TestNode node(kPlugin);
  const ScratchNetNs a;
  const ScratchNetNs b;
  const json keys = {{"podCIDRs", {"fd00:30:1::/64"}}};
  const Answer added_a = node.add(a, "pod-a", keys);
  const Answer added_b = node.add(b, "pod-b", keys);
  EXPECT_TRUE(can_ping(node.node, address_of(added_a))) << "node to pod, no wait for DAD";
  EXPECT_TRUE(can_ping(a, address_of(added_b)));
  EXPECT_TRUE(can_ping(a, "fd00:c0::10"));
  EXPECT_TRUE(can_ping(a, "fd00:c0::1"));
  EXPECT_TRUE(can_ping(node.outside, address_of(added_b)));
  EXPECT_THAT(a.sh("ip -6 addr show eth0 scope global"), Not(HasSubstr("tentative")));
  EXPECT_THAT(a.sh("ip -6 route"), HasSubstr("default via fe80::1 dev eth0"));
  EXPECT_EQ(added_a.json["routes"], json::parse(R"([{"dst": "::/0", "gw": "fe80::1"}])"));
  EXPECT_EQ(node.node.sh("cat /proc/sys/net/ipv6/conf/" + host_link_of(added_a) + "/accept_ra"),
            "0\n");
}

TEST(Add, DualStackPodHasOneAddressOfEachFamily) {
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  const Answer added = node.add(pod, "pod-a", {{"podCIDRs", {"172.30.1.0/24", "fd00:30:1::/64"}}});
  ASSERT_EQ(added.json["ips"].size(), 2U);
  EXPECT_TRUE(can_ping(node.outside, address_of(added, 0)));
  EXPECT_TRUE(can_ping(node.outside, address_of(added, 1)));
  EXPECT_TRUE(
      node.check(pod, "pod-a", added, {{"podCIDRs", {"172.30.1.0/24", "fd00:30:1::/64"}}}).ok());
}

TEST(Add, Ipv6WorksInASandboxThatHadItTurnedOff) {
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  pod.sh("sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1");
  const Answer added = node.add(pod, "pod-a", {{"podCIDRs", {"fd00:30:1::/64"}}});
  EXPECT_TRUE(can_ping(node.node, address_of(added)));
}

TEST(Add, MtuIsTheNicsUnlessTheKeySaysOtherwise) {
  const TestNode node(kPlugin);
  node.node.sh("ip link set nic0 mtu 8500");
  const ScratchNetNs a;
  const ScratchNetNs b;
  EXPECT_EQ(node.add(a, "pod-a").json["interfaces"][1]["mtu"], 8500);
  EXPECT_EQ(node.add(b, "pod-b", {{"mtu", 1400}}).json["interfaces"][1]["mtu"], 1400);
  EXPECT_THAT(a.sh("ip link show eth0"), HasSubstr("mtu 8500"));
  EXPECT_THAT(b.sh("ip link show eth0"), HasSubstr("mtu 1400"));
}

TEST(Add, NodeInterfaceNamesTheNicWhoseMtuAndAddressCount) {
  const TestNode node(kPlugin);
  node.node.sh("ip link add nic1 type veth peer name out1 netns " + node.outside.path() +
               "; ip addr add 192.168.9.10/24 dev nic1; ip link set nic1 mtu 1300 up");
  const ScratchNetNs pod;
  EXPECT_EQ(node.add(pod, "pod-a", {{"nodeInterface", "nic1"}}).json["interfaces"][1]["mtu"], 1300);
  EXPECT_THAT(node.node.sh("ip route show proto 202"), HasSubstr("src 192.168.9.10"));
}

TEST(Add, NodeWithoutADefaultRouteStillServesPods) {
  const TestNode node(kPlugin);
  node.node.sh("ip route del default; ip -6 route del default");
  const ScratchNetNs pod;
  const Answer added = node.add(pod, "pod-a");
  EXPECT_EQ(added.json["interfaces"][1]["mtu"], 1500);
  EXPECT_TRUE(can_ping(pod, "192.168.0.10"));
}

TEST(Add, RequestedAddressAndMacAreGiven) {
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  const Answer added =
      node.add(pod, "pod-a",
               {{"runtimeConfig", {{"ips", {"172.30.1.77/24"}}, {"mac", "c2:11:22:33:44:55"}}}});
  EXPECT_EQ(address_of(added), "172.30.1.77");
  EXPECT_THAT(pod.sh("ip link show eth0"), HasSubstr("c2:11:22:33:44:55"));
  EXPECT_TRUE(can_ping(node.outside, "172.30.1.77"));
}

TEST(Add, RequestedAddressOutsideTheRangeIsRefused) {
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  const Answer answer =
      node.call({.command = "ADD",
                 .netns = pod.path(),
                 .config = node.config({{"runtimeConfig", {{"ips", {"10.9.9.9"}}}}})});
  EXPECT_EQ(answer.code(), 7);
  EXPECT_THAT(answer.message(), HasSubstr("10.9.9.9"));
  EXPECT_THAT(node.leftovers(), IsEmpty());
}

TEST(Add, EveryResultVersionIsSpoken) {
  for (const std::string version : {"0.3.1", "0.4.0", "1.0.0", "1.1.0"}) {
    const TestNode node(kPlugin);
    const ScratchNetNs pod;
    const json result = node.add(pod, "pod-a", {{"cniVersion", version}}).json;
    EXPECT_EQ(result["cniVersion"], version);
    EXPECT_EQ(result["ips"][0].contains("version"), version[0] == '0') << result;
    EXPECT_EQ(result["interfaces"][1].contains("mtu"), version == "1.1.0") << result;
  }
}

TEST(Add, InterfaceMadeByAnEarlierPluginIsPassedThrough) {
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  const json previous = json::parse(R"({"cniVersion": "1.1.0",
      "interfaces": [{"name": "eth0", "mac": "00:16:3e:02:38:05", "sandbox": "/x"}],
      "ips": [{"address": "172.31.80.193/20", "gateway": "172.31.95.253", "interface": 0}],
      "routes": [{"dst": "0.0.0.0/0", "gw": "172.31.95.253"}]})");
  const Answer added = node.add(pod, "pod-a", {{"prevResult", previous}});
  EXPECT_EQ(added.json, previous);
  EXPECT_FALSE(pod.sh_ok("ip link show eth0"));
}

TEST(Add, EmptyResultOfAnEarlierPluginIsAppendedTo) {
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  const Answer added = node.add(
      pod, "pod-a",
      {{"prevResult", {{"cniVersion", "1.1.0"}}}, {"dns", {{"nameservers", {"10.96.0.10"}}}}});
  EXPECT_EQ(added.json["ips"].size(), 1U);
  EXPECT_EQ(added.json["dns"]["nameservers"][0], "10.96.0.10");
}

TEST(Add, SecondAddOfALivePodFailsAndLeavesThePodWorking) {
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  const Answer first = node.add(pod, "pod-a");
  const Answer second = node.call({.command = "ADD", .netns = pod.path(), .config = node.config()});
  EXPECT_FALSE(second.ok());
  EXPECT_THAT(second.message(), HasSubstr("eth0"));
  EXPECT_TRUE(can_ping(node.outside, address_of(first)));
  EXPECT_TRUE(node.check(pod, "pod-a", first).ok());
}

TEST(Add, HalfMadeLinkOfAKilledAddIsReplacedAndTheAddressIsTheSame) {
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  const Answer first = node.add(pod, "pod-a");
  node.node.sh("ip link set " + host_link_of(first) +
               " down");  // as an ADD that never got that far
  const Answer second = node.add(pod, "pod-a");
  EXPECT_EQ(address_of(second), address_of(first));
  EXPECT_TRUE(can_ping(node.outside, address_of(second)));
}

TEST(Add, StaleHostLinkOfTheSameNameIsReplaced) {
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  const Answer first = node.add(pod, "pod-a");
  const std::string link = host_link_of(first);
  EXPECT_TRUE(node.del(pod.path(), "pod-a").ok());
  node.node.sh("ip link add " + link + " type veth peer name stale0; ip link set " + link + " up");
  const Answer second = node.add(pod, "pod-a");
  EXPECT_EQ(host_link_of(second), link);
  EXPECT_TRUE(can_ping(node.outside, address_of(second)));
  EXPECT_FALSE(node.node.sh_ok("ip link show stale0"));
}

TEST(Add, SecondInterfaceAnswersByTheWayTheRequestCame) {
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  const Answer eth0 = node.add(pod, "pod-a");
  const json config = node.config(
      {{"name", "second"}, {"podCIDRs", {"172.30.2.0/24"}}, {"routes", {"10.77.0.0/16"}}});
  const Answer net1 = node.call({.command = "ADD",
                                 .container_id = "pod-a",
                                 .if_name = "net1",
                                 .netns = pod.path(),
                                 .config = config});
  ASSERT_TRUE(net1.ok()) << net1.process.out;
  EXPECT_TRUE(can_ping(node.outside, address_of(eth0)));
  EXPECT_TRUE(can_ping(node.outside, address_of(net1)));
  EXPECT_EQ(pod.sh("ip route show default"), "default via 169.254.1.1 dev eth0 proto 202 \n");
  EXPECT_THAT(pod.sh("ip route get 10.77.1.1"), HasSubstr("dev net1"));
  EXPECT_EQ(net1.json["routes"], json::parse(R"([{"dst": "10.77.0.0/16", "gw": "169.254.1.1"}])"));
  json checked = config;
  checked["prevResult"] = net1.json;
  const PluginCall check{
      .command = "CHECK", .if_name = "net1", .netns = pod.path(), .config = checked};
  EXPECT_TRUE(node.call(check).ok()) << node.call(check).process.out;
  EXPECT_TRUE(
      node.call({.command = "DEL", .if_name = "net1", .netns = pod.path(), .config = config}).ok());
  EXPECT_EQ(pod.sh("ip rule | grep -c 2048; true"), "0\n");
  EXPECT_TRUE(can_ping(node.outside, address_of(eth0))) << "the first interface is untouched";
}

TEST(Add, MasqueradeHidesThePodFromTheOutsideButNotFromKeptNetworks) {
  const TestNode node(kPlugin);
  node.outside.sh("ip addr add 203.0.113.1/32 dev lo; ip route del 172.30.0.0/16");
  node.node.sh("ip route add 203.0.113.1 via 192.168.0.1");
  const ScratchNetNs hidden;
  const ScratchNetNs shown;
  node.add(hidden, "pod-a", {{"masquerade", true}});
  node.add(shown, "pod-b");
  EXPECT_TRUE(can_ping(hidden, "203.0.113.1")) << "the outside answers to the node's address";
  EXPECT_FALSE(can_ping(shown, "203.0.113.1")) << "the outside has no route to a pod";
  EXPECT_FALSE(can_ping(hidden, "192.168.0.1")) << "192.168.0.0/16 is kept by default";
  EXPECT_TRUE(node.del(hidden.path(), "pod-a", {{"masquerade", true}}).ok());
  EXPECT_THAT(node.node.sh("nft list table inet catena"), Not(HasSubstr("172.30.1.1")));
}

TEST(Add, ForwardingIsEnsuredOrOnlyChecked) {
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  const Answer refused = node.call(
      {.command = "ADD", .netns = pod.path(), .config = node.config({{"forwarding", "check"}})});
  EXPECT_FALSE(refused.ok());
  EXPECT_THAT(refused.message(), HasSubstr("net.ipv4.ip_forward"));
  EXPECT_EQ(node.node.sh("cat /proc/sys/net/ipv4/ip_forward"), "0\n");
  EXPECT_THAT(node.leftovers(), IsEmpty());
  node.add(pod, "pod-a");
  EXPECT_EQ(node.node.sh("cat /proc/sys/net/ipv4/ip_forward"), "1\n");
  EXPECT_EQ(node.node.sh("cat /proc/sys/net/ipv6/conf/all/forwarding"), "0\n")
      << "IPv6 is not used, so it is not touched";
}

TEST(Add, Ipv6ForwardingKeepsADefaultRouteFromRouterAdvertisements) {
  const TestNode node(kPlugin);
  node.node.sh("ip -6 route replace default via fd00:c0::1 dev nic0 proto ra");
  const ScratchNetNs pod;
  node.add(pod, "pod-a", {{"podCIDRs", {"fd00:30:1::/64"}}});
  EXPECT_EQ(node.node.sh("cat /proc/sys/net/ipv6/conf/all/forwarding"), "1\n");
  EXPECT_EQ(node.node.sh("cat /proc/sys/net/ipv6/conf/nic0/accept_ra"), "2\n");
}

TEST(Add, ClosedUntilPolicyLeavesThePodCutOffUntilItIsEntered) {
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  const Answer added = node.add(pod, "pod-a", {{"closedUntilPolicy", true}});
  EXPECT_FALSE(can_ping(pod, "192.168.0.10"));
  EXPECT_FALSE(can_ping(node.node, address_of(added)));
  node.node.sh("nft add element inet catena entered4 '{ \"" + host_link_of(added) + "\" . " +
               address_of(added) + " }'");
  EXPECT_TRUE(can_ping(pod, "192.168.0.10"));
}

TEST(Add, PodCannotSendWithAnotherPodsAddress) {
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  node.add(pod, "pod-a");
  pod.sh("ip addr add 172.30.1.200/32 dev eth0");
  EXPECT_TRUE(can_ping(pod, "192.168.0.10"));
  EXPECT_FALSE(pod.sh_ok("ping -n -q -c 1 -W 1 -I 172.30.1.200 192.168.0.10"));
}

TEST(Add, ThirtyAtOnceGetThirtyAddresses) {
  const TestNode node(kPlugin);
  std::vector<ScratchNetNs> pods(30);
  std::vector<std::string> addresses(pods.size());
  std::vector<std::thread> callers;
  for (std::size_t i = 0; i < pods.size(); ++i) {
    callers.emplace_back(
        [&, i] { addresses[i] = address_of(node.add(pods[i], "pod-" + std::to_string(i))); });
  }
  for (std::thread& caller : callers) {
    caller.join();
  }
  EXPECT_EQ(std::set<std::string>(addresses.begin(), addresses.end()).size(), pods.size());
  EXPECT_TRUE(can_ping(node.outside, addresses[0]));
}

}  // namespace
}  // namespace catena::test
