#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/test_node.h"

namespace catena::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr char kPlugin[] = "catena-vpc-route";

// A change by hand, made in the pod or on the node, and words the error must hold. LINK stands for
// the host's end.
struct Damage {
  const char* name;
  bool in_pod;
  const char* command;
  std::vector<const char*> says;
};

void PrintTo(const Damage& damage, std::ostream* out) { *out << damage.name; }

class CheckFinds : public testing::TestWithParam<Damage> {};

std::string with_link(std::string command, const std::string& link) {
  for (std::size_t at = command.find("LINK"); at != std::string::npos; at = command.find("LINK")) {
    command.replace(at, 4, link);
  }
  return command;
}

// Less what the kernel changes by itself: carriers come up and address detection ends in the
// background.
std::string state_of(const TestNode& node, const ScratchNetNs& pod) {
  const std::string show =
      "{ ip -d link; ip -4 addr; ip -6 addr; ip route show table all; ip rule; "
      "ip neigh show nud permanent; nft list ruleset; } | "
      "sed -e 's/NO-CARRIER,//; s/,LOWER_UP//; s/ state [A-Z]*//; s/ linkdown//; s/ tentative//'";
  const std::string store = "cat " + node.state_dir() + "/journal";
  return pod.sh(show) + node.node.sh(show) + node.node.sh(store);
}

TEST_P(CheckFinds, TheDifferenceNamesItAndChangesNothing) {
  const Damage& damage = GetParam();
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  const json keys = {{"podCIDRs", {"172.30.1.0/24", "fd00:30:1::/64"}}, {"masquerade", true}};
  const Answer added = node.add(pod, "pod-a", keys);
  ASSERT_TRUE(node.check(pod, "pod-a", added, keys).ok()) << "sound before the damage";
  const std::string command = with_link(damage.command, host_link_of(added));
  (damage.in_pod ? pod : node.node).sh(command);

  const std::string before = state_of(node, pod);
  const Answer found = node.check(pod, "pod-a", added, keys);
  EXPECT_FALSE(found.ok());
  for (const char* word : damage.says) {
    EXPECT_THAT(found.message(), HasSubstr(word));
  }
  EXPECT_EQ(state_of(node, pod), before);
}

INSTANTIATE_TEST_SUITE_P(
    Check, CheckFinds,
    testing::Values(
        Damage{"LinkGone", false, "ip link del LINK", {"eth0", "is gone"}},
        Damage{"PodLinkDown", true, "ip link set eth0 down", {"eth0 is down"}},
        Damage{"HostLinkDown", false, "ip link set LINK down", {"ctn", "is down"}},
        Damage{"PodLinkRenamed",
               true,
               "ip link set eth0 down; ip link set eth0 name other; "
               "ip link set other up",
               {"eth0", "is gone"}},
        Damage{"AddressGone",
               true,
               "ip addr del 172.30.1.1/32 dev eth0",
               {"172.30.1.1/32", "is gone"}},
        Damage{"Ipv6AddressGone",
               true,
               "ip -6 addr del fd00:30:1::1/128 dev eth0",
               {"fd00:30:1::1/128", "is gone"}},
        Damage{"ExtraAddress",
               true,
               "ip addr add 10.1.1.1/24 dev eth0",
               {"extra address 10.1.1.1/24"}},
        Damage{"DefaultRouteGone", true, "ip route del default", {"0.0.0.0/0", "is gone"}},
        Damage{"Ipv6DefaultRouteGone", true, "ip -6 route del default", {"::/0", "is gone"}},
        Damage{"GatewayRouteGone",
               true,
               "ip route del default; ip route del 169.254.1.1; "
               "ip route add default via 169.254.1.1 dev eth0 onlink",
               {"169.254.1.1/32", "is gone"}},
        Damage{"NeighbourGone",
               true,
               "ip neigh del 169.254.1.1 dev eth0",
               {"neighbour 169.254.1.1", "is gone"}},
        Damage{"NeighbourWrong",
               true,
               "ip neigh replace 169.254.1.1 dev eth0 lladdr 02:00:00:00:00:01 nud permanent",
               {"neighbour 169.254.1.1", "02:00:00:00:00:01"}},
        Damage{"NeighbourNotPermanent",
               true,
               "ip neigh replace 169.254.1.1 dev eth0 lladdr 02:00:00:00:00:01 nud reachable",
               {"neighbour 169.254.1.1"}},
        Damage{"Ipv6NeighbourGone",
               true,
               "ip -6 neigh del fe80::1 dev eth0",
               {"neighbour fe80::1", "is gone"}},
        Damage{"PodMtuChanged",
               true,
               "ip link set eth0 mtu 1400",
               {"MTU of eth0 is 1400, expected 1500"}},
        Damage{"HostMtuChanged",
               false,
               "ip link set LINK mtu 1400",
               {"MTU of ctn", "is 1400, expected 1500"}},
        Damage{"PodMacChanged",
               true,
               "ip link set eth0 address 02:00:00:00:00:02",
               {"MAC of eth0 is 02:00:00:00:00:02"}},
        Damage{"HostMacChanged",
               false,
               "ip link set LINK address 02:00:00:00:00:02",
               {"MAC of ctn", "02:00:00:00:00:02"}},
        Damage{"HostRouteGone",
               false,
               "ip route del 172.30.1.1/32",
               {"host route 172.30.1.1/32", "is gone"}},
        Damage{"Ipv6HostRouteGone",
               false,
               "ip -6 route del fd00:30:1::1/128",
               {"host route fd00:30:1::1/128", "is gone"}},
        Damage{"HostRouteLeadsElsewhere",
               false,
               "ip route replace 172.30.1.1/32 dev nic0 src 192.168.0.10",
               {"host route 172.30.1.1/32 leads to"}},
        Damage{"HostRouteWithoutSource",
               false,
               "ip route replace 172.30.1.1/32 dev LINK",
               {"host route 172.30.1.1/32", "192.168.0.10"}},
        Damage{"StrictReversePathFilter",
               false,
               "sysctl -q -w net.ipv4.conf.LINK.rp_filter=1",
               {"rp_filter is 1, expected 2"}},
        Damage{"GuardFlushed", false, "nft flush table inet catena", {"guard"}},
        Damage{"RulesetFlushed", false, "nft flush ruleset", {"guard"}},
        Damage{"EntryGone",
               false,
               "nft flush set inet catena entered4",
               {"does not let", "172.30.1.1"}},
        Damage{"ForwardingOff",
               false,
               "sysctl -q -w net.ipv4.ip_forward=0",
               {"net.ipv4.ip_forward is 0"}}),
    [](const auto& damage) { return damage.param.name; });

TEST(Check, FindsTheStoresRecordGone) {
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  const Answer added = node.add(pod, "pod-a");
  std::filesystem::remove_all(node.state_dir());
  const Answer found = node.check(pod, "pod-a", added);
  EXPECT_FALSE(found.ok());
  EXPECT_THAT(found.message(), HasSubstr("the store has no record of 172.30.1.1"));
  EXPECT_FALSE(std::filesystem::exists(node.state_dir()));
}

TEST(Check, NamesAllDifferencesAtOnce) {
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  const Answer added = node.add(pod, "pod-a");
  pod.sh("ip link set eth0 mtu 1400; ip addr add 10.1.1.1/24 dev eth0");
  const Answer found = node.check(pod, "pod-a", added);
  EXPECT_THAT(found.message(), testing::AllOf(HasSubstr("MTU"), HasSubstr("10.1.1.1/24")));
}

TEST(Check, WithoutAPrevResultSaysSo) {
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  node.add(pod, "pod-a");
  const Answer answer =
      node.call({.command = "CHECK", .netns = pod.path(), .config = node.config()});
  EXPECT_EQ(answer.code(), 7);
  EXPECT_THAT(answer.message(), HasSubstr("prevResult"));
}

TEST(Check, ToleratesRoutesThatLaterPluginsAdded) {
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  Answer added = node.add(pod, "pod-a");
  pod.sh("ip route add 10.5.0.0/16 via 169.254.1.1 dev eth0");
  added.json["routes"].push_back({{"dst", "10.6.0.0/16"}, {"gw", "10.9.9.9"}});
  EXPECT_TRUE(node.check(pod, "pod-a", added).ok());
}

TEST(Check, IsSatisfiedInEveryVersionThatHasIt) {
  for (const std::string version : {"0.4.0", "1.0.0", "1.1.0"}) {
    const TestNode node(kPlugin);
    const ScratchNetNs pod;
    const json keys = {{"cniVersion", version}, {"mtu", 1400}};
    const Answer added = node.add(pod, "pod-a", keys);
    const Answer checked = node.check(pod, "pod-a", added, keys);
    EXPECT_TRUE(checked.ok()) << version << checked.process.out;
  }
}

TEST(Check, LeavesAnInterfaceOfAnotherPluginToThatPlugin) {
  const TestNode node(kPlugin);
  const ScratchNetNs pod;
  Answer other;
  other.json = json::parse(R"({"cniVersion": "1.1.0",
      "interfaces": [{"name": "eth0", "sandbox": "/x"}],
      "ips": [{"address": "172.31.80.193/20", "interface": 0}]})");
  EXPECT_TRUE(node.check(pod, "pod-a", other).ok());
}

}  // namespace
}  // namespace catena::test
