// Pods with an ENI of their own: what ADD makes, tried with packets through a VPC that drops what
// an ENI may not send.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/eni/own_eni_node.h"

namespace catena::test {
namespace {

using nlohmann::json;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

struct Mode {
  const char* name;
  std::vector<std::string> families;
  const char* all_rp_filter;
};

class EniModes : public testing::TestWithParam<Mode> {
 protected:
  json keys() const {
    json services = json::array();
    for (const std::string& family : GetParam().families) {
      services.push_back(family == "ipv4" ? "10.96.0.0/16" : "fd00:96::/112");
    }
    return {{"ipFamilies", GetParam().families}, {"serviceCIDRs", services}};
  }
};

TEST_P(EniModes, PodsReachEachOtherTheNodeAndOtherNodes) {
  const OwnEniNode scene({.all_rp_filter = GetParam().all_rp_filter});
  const ScratchNetNs a;
  const ScratchNetNs b;
  const Answer first = scene.add(a, "pod-a", keys());
  const Answer second = scene.add(b, "pod-b", keys());
  ASSERT_FALSE(HasFailure());
  for (std::size_t i = 0; i < GetParam().families.size(); ++i) {
    const bool v4 = GetParam().families[i] == "ipv4";
    EXPECT_TRUE(can_ping(a, address_of(second, i)));
    EXPECT_TRUE(can_ping(b, address_of(first, i)));
    for (const ScratchNetNs* pod : {&a, &b}) {
      EXPECT_TRUE(can_ping(*pod, v4 ? "192.168.0.10" : "fd00:a::10")) << "the node";
      EXPECT_TRUE(can_ping(*pod, v4 ? "192.168.1.10" : "fd00:b::10")) << "another node";
    }
    for (const Answer* pod : {&first, &second}) {
      EXPECT_TRUE(can_ping(scene.node(), address_of(*pod, i))) << "kubelet's probe";
      EXPECT_TRUE(can_ping(scene.vpc.b(), address_of(*pod, i)));
    }
  }
  const Answer checked = scene.check(a, "pod-a", first, keys());
  EXPECT_TRUE(checked.ok()) << checked.process.out;
  EXPECT_TRUE(scene.del(a.path(), "pod-a").ok());
  EXPECT_TRUE(scene.del(b.path(), "pod-b").ok());
  EXPECT_EQ(scene.leftovers(), "");
  EXPECT_EQ(scene.held(), "");
}

INSTANTIATE_TEST_SUITE_P(Modes, EniModes,
                         testing::Values(Mode{"Ipv4", {"ipv4"}, "1"}, Mode{"Ipv6", {"ipv6"}, "0"},
                                         Mode{"Dual", {"ipv4", "ipv6"}, "2"}),
                         [](const auto& instance) { return instance.param.name; });

TEST(EniAdd, ThePodSeesTheNicInTheVswitchsPrefixAndVeth1) {
  const OwnEniNode scene;
  const ScratchNetNs pod;
  scene.add(pod, "pod-a");
  const std::string seen = pod.sh("ip addr show");
  EXPECT_THAT(seen, ContainsRegex("eth0[^\n]*UP[^\n]*mtu 1500"));
  EXPECT_THAT(seen, HasSubstr("link/ether 00:16:3e:00:02:01"));
  EXPECT_THAT(seen, HasSubstr("inet 192.168.0.31/24"));
  EXPECT_THAT(seen, ContainsRegex("veth1@if[0-9]+: [^\n]*UP"));
  EXPECT_EQ(pod.sh("ip -4 addr show dev veth1"), "");
  const std::string routes = pod.sh("ip route");
  EXPECT_THAT(routes, HasSubstr("default via 192.168.0.253 dev eth0"));
  EXPECT_THAT(routes, HasSubstr("10.96.0.0/16 via 169.254.1.1 dev veth1"));
  EXPECT_THAT(routes, ContainsRegex("192[.]168[.]0[.]10 via 169[.]254[.]1[.]1 dev veth1[^\n]* src "
                                    "192[.]168[.]0[.]31"));
  EXPECT_THAT(scene.nics(), Not(HasSubstr("00:16:3e:00:02:01")));
  EXPECT_THAT(pod.sh("ip link show eth0"), HasSubstr("alias was "));
}

TEST(EniAdd, AnIpv6AddressHasTheVswitchsPrefixToo) {
  const OwnEniNode scene;
  const ScratchNetNs pod;
  const json both{{"ipFamilies", {"ipv4", "ipv6"}}};
  const Answer added = scene.add(pod, "pod-a", both);
  EXPECT_EQ(added.json["ips"][1]["address"], "fd00:a::31/64");
  EXPECT_THAT(pod.sh("ip -6 addr show dev eth0"), HasSubstr("inet6 fd00:a::31/64 scope global"));
}

TEST(EniAdd, AnEniWhoseNicIsNotThereIsPassedOverAndNamed) {
  const OwnEniNode scene({.enis = 0});
  scene.put_eni(1);
  const ScratchNetNs pod;
  const Answer alone = scene.try_add(pod, "pod-a", {{"growTimeout", 1}});
  EXPECT_EQ(alone.code(), 11) << alone.process.out;
  EXPECT_THAT(alone.message(), HasSubstr("eni-1: "));
  EXPECT_THAT(alone.message(), HasSubstr(OwnEniNode::mac_of(1)));
  EXPECT_EQ(scene.held(), "");
}

TEST(EniAdd, TheResultNamesTheHostLinkTheNicAndVeth1) {
  const OwnEniNode scene;
  const ScratchNetNs pod;
  const Answer added = scene.add(pod, "pod-a", {{"dns", {{"nameservers", {"10.96.0.10"}}}}});
  const json& result = added.json;
  ASSERT_EQ(result["interfaces"].size(), 3U) << result.dump();
  EXPECT_THAT(result["interfaces"][0]["name"], testing::StartsWith("ctn"));
  EXPECT_FALSE(result["interfaces"][0].contains("sandbox"));
  EXPECT_EQ(result["interfaces"][1], json({{"name", "eth0"},
                                           {"mac", "00:16:3e:00:02:01"},
                                           {"mtu", 1500},
                                           {"sandbox", pod.path()}}));
  EXPECT_EQ(result["interfaces"][2]["name"], "veth1");
  EXPECT_EQ(
      result["ips"],
      json::array(
          {{{"address", "192.168.0.31/24"}, {"gateway", "192.168.0.253"}, {"interface", 1}}}));
  EXPECT_EQ(result["routes"], json::array({{{"dst", "0.0.0.0/0"}, {"gw", "192.168.0.253"}}}));
  EXPECT_EQ(result["dns"]["nameservers"][0], "10.96.0.10");
}

TEST(EniAdd, WithoutAHostPeerThePodHasItsNicAlone) {
  const OwnEniNode scene;
  const ScratchNetNs pod;
  const json keys = {{"disableHostPeer", true}, {"serviceCIDRs", nullptr}};
  const Answer added = scene.add(pod, "pod-a", keys);
  EXPECT_EQ(added.json["interfaces"].size(), 1U);
  EXPECT_FALSE(pod.sh_ok("ip link show veth1"));
  EXPECT_TRUE(can_ping(pod, "192.168.1.10"));
  EXPECT_TRUE(can_ping(scene.vpc.b(), address_of(added)));
  EXPECT_TRUE(scene.check(pod, "pod-a", added, keys).ok());
  EXPECT_EQ(scene.leftovers(), "");
  EXPECT_TRUE(scene.del(pod.path(), "pod-a", keys).ok());
  EXPECT_THAT(scene.nics(), HasSubstr("00:16:3e:00:02:01 down"));
}

TEST(EniAdd, JumboFramesAreCarried) {
  const OwnEniNode scene({.mtu = 8500});
  const ScratchNetNs pod;
  const Answer added = scene.add(pod, "pod-a");
  EXPECT_EQ(added.json["interfaces"][1]["mtu"], 8500);
  EXPECT_TRUE(pod.sh_ok("ping -n -c 1 -W 2 -M do -s 8472 192.168.1.10"));
  EXPECT_TRUE(pod.sh_ok("ping -n -c 1 -W 2 -M do -s 8472 192.168.0.10")) << "the node, by veth1";
}

TEST(EniAdd, AnMtuOfTheConfigurationGoes) {
  const OwnEniNode scene;
  const ScratchNetNs pod;
  const Answer added = scene.add(pod, "pod-a", {{"mtu", 1400}});
  EXPECT_EQ(added.json["interfaces"][1]["mtu"], 1400);
  EXPECT_THAT(pod.sh("ip link"), HasSubstr("mtu 1400"));
  EXPECT_TRUE(scene.check(pod, "pod-a", added, {{"mtu", 1400}}).ok());
}

TEST(EniAdd, AnotherNetworksInterfaceKeepsTheDefaultRoute) {
  const OwnEniNode scene;
  const ScratchNetNs pod;
  scene.add(pod, "pod-a");
  PluginCall second{.command = "ADD",
                    .container_id = "pod-a",
                    .if_name = "net1",
                    .netns = pod.path(),
                    .config = scene.config({{"disableHostPeer", true}})};
  const Answer added = scene.call(second);
  ASSERT_TRUE(added.ok()) << added.process.out;
  EXPECT_THAT(pod.sh("ip route show default"), HasSubstr("dev eth0"));
  EXPECT_TRUE(can_ping(scene.vpc.b(), "192.168.1.32")) << "answered by the NIC that was asked";
  second.command = "DEL";
  EXPECT_TRUE(scene.call(second).ok());
  EXPECT_EQ(pod.sh("ip rule show prio 2048"), "");
}

TEST(EniAdd, AMacCantBeChosen) {
  const OwnEniNode scene;
  const ScratchNetNs pod;
  const Answer refused =
      scene.try_add(pod, "pod-a", {{"runtimeConfig", {{"mac", "02:00:00:00:00:07"}}}});
  EXPECT_EQ(refused.code(), 7);
  EXPECT_THAT(refused.message(), HasSubstr("02:00:00:00:00:07"));
  EXPECT_EQ(scene.held(), "");
}

TEST(EniAdd, AWantedAddressChoosesItsEni) {
  const OwnEniNode scene;
  const ScratchNetNs pod;
  const Answer added = scene.add(pod, "pod-a", {{"runtimeConfig", {{"ips", {"192.168.1.32"}}}}});
  EXPECT_EQ(address_of(added), "192.168.1.32");
}

TEST(EniAdd, WhatADhcpClientGaveTheNicIsNoReasonToRefuseIt) {
  const OwnEniNode scene({.enis = 1});
  const std::string name = scene.nics().substr(0, scene.nics().find(' '));
  scene.node().sh("ip link set " + name + " up; ip addr add 192.168.0.31/24 dev " + name);
  const ScratchNetNs pod;
  const Answer added = scene.add(pod, "pod-a");
  EXPECT_EQ(address_of(added), "192.168.0.31");
  EXPECT_TRUE(can_ping(scene.node(), "192.168.0.31"));
  EXPECT_TRUE(can_ping(scene.vpc.b(), "192.168.0.31"));
}

TEST(EniAdd, TheNicOfTheNodesOwnDefaultRouteIsNeverMoved) {
  const OwnEniNode scene({.enis = 0});
  ipam::Eni primary;
  primary.id = "eni-p";
  primary.mac = base::Mac::parse("00:16:3e:00:00:01").value();
  primary.address = ip("192.168.0.10");
  primary.gateway = ip("192.168.0.253");
  primary.prefix_length = 24;
  primary.mode = ipam::kExclusiveMode;
  primary.state = ipam::EniState::kInUse;
  must(scene.store().change(
      {.put_enis = {primary}, .put_addresses = {{ip("192.168.0.10"), "eni-p"}}}));
  const ScratchNetNs pod;
  const Answer refused = scene.try_add(pod, "pod-a");
  EXPECT_FALSE(refused.ok());
  EXPECT_THAT(refused.message(), HasSubstr("default route"));
  EXPECT_TRUE(can_ping(scene.node(), "192.168.1.10"));
  EXPECT_EQ(scene.held(), "");
}

}  // namespace
}  // namespace catena::test
