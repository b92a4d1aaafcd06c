// Pods on shared ENIs: what ADD makes, tried with packets through a VPC that drops what an ENI may
// not send.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/multiip/eni_node.h"
#include "tests/support/probe.h"

namespace catena::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

struct Mode {
  const char* name;
  std::vector<std::string> families;
  const char* routing;
  const char* all_rp_filter;
};

class MultiipModes : public testing::TestWithParam<Mode> {
 protected:
  json keys() const {
    return {{"ipFamilies", GetParam().families}, {"routing", GetParam().routing}};
  }
};

TEST_P(MultiipModes, PodsOfAnyEniReachEachOtherTheNodeAndOtherNodes) {
  const EniNode scene({.all_rp_filter = GetParam().all_rp_filter});
  scene.put_addresses("eni-1", {"21", "22"});
  scene.put_addresses("eni-2", {"21"});
  const ScratchNetNs a;
  const ScratchNetNs b;
  const ScratchNetNs c;
  const Answer first = scene.add(a, "pod-a", keys());
  const Answer second = scene.add(b, "pod-b", keys());
  const Answer third = scene.add(c, "pod-c", keys());
  ASSERT_FALSE(HasFailure());
  for (std::size_t i = 0; i < GetParam().families.size(); ++i) {
    const bool v4 = GetParam().families[i] == "ipv4";
    EXPECT_EQ(address_of(first, i), v4 ? "192.168.0.21" : "fd00:a::21") << "the primary one too";
    EXPECT_EQ(address_of(third, i), v4 ? "192.168.1.21" : "fd00:b::21");
    for (const ScratchNetNs* from : {&a, &b, &c}) {
      for (const Answer* to : {&first, &second, &third}) {
        EXPECT_TRUE(can_ping(*from, address_of(*to, i)));
      }
      EXPECT_TRUE(can_ping(*from, v4 ? "192.168.0.10" : "fd00:a::10")) << "the node";
      EXPECT_TRUE(can_ping(*from, v4 ? "192.168.1.10" : "fd00:b::10")) << "another node";
    }
    for (const Answer* to : {&first, &second, &third}) {
      EXPECT_TRUE(can_ping(scene.node(), address_of(*to, i))) << "kubelet's probe";
      EXPECT_TRUE(can_ping(scene.vpc.b(), address_of(*to, i)));
      EXPECT_TRUE(can_ping(scene.vpc.c(), address_of(*to, i)));
    }
  }
  EXPECT_TRUE(scene.check(a, "pod-a", first, keys()).ok())
      << scene.check(a, "pod-a", first, keys()).process.out;
  EXPECT_TRUE(scene.check(c, "pod-c", third, keys()).ok());
  EXPECT_TRUE(scene.del(a.path(), "pod-a").ok());
  EXPECT_TRUE(scene.del(b.path(), "pod-b").ok());
  EXPECT_TRUE(scene.del(c.path(), "pod-c").ok());
  EXPECT_EQ(scene.leftovers(), "");
  EXPECT_EQ(scene.held(), "");
}

INSTANTIATE_TEST_SUITE_P(Modes, MultiipModes,
                         testing::Values(Mode{"Ipv4Marks", {"ipv4"}, "auto", "1"},
                                         Mode{"Ipv6Marks", {"ipv6"}, "marks", "0"},
                                         Mode{"DualMarks", {"ipv4", "ipv6"}, "auto", "2"},
                                         Mode{"Ipv4Rules", {"ipv4"}, "rules", "1"},
                                         Mode{"Ipv6Rules", {"ipv6"}, "rules", "0"},
                                         Mode{"DualRules", {"ipv4", "ipv6"}, "rules", "2"}),
                         [](const auto& instance) { return instance.param.name; });

TEST(MultiipAdd, TheResultNamesBothEndsTheAddressAndTheRoutes) {
  const EniNode scene;
  scene.put_addresses("eni-1", {"21"});
  const ScratchNetNs pod;
  const Answer added = scene.add(pod, "pod-a", {{"routes", {"10.0.0.0/8"}}});
  const json& result = added.json;
  ASSERT_EQ(result.at("interfaces").size(), 2U);
  EXPECT_THAT(result["interfaces"][0]["name"], testing::StartsWith("ctn"));
  EXPECT_EQ(result["interfaces"][1]["name"], "eth0");
  EXPECT_EQ(result["interfaces"][1]["mtu"], 1500);
  EXPECT_EQ(result["interfaces"][1]["sandbox"], pod.path());
  EXPECT_EQ(result["ips"][0]["address"], "192.168.0.21/32");
  EXPECT_EQ(result["ips"][0]["interface"], 1);
  EXPECT_THAT(result["routes"].dump(), HasSubstr("10.0.0.0/8"));
  EXPECT_THAT(pod.sh("ip route"), HasSubstr("default via 169.254.1.1 dev eth0"));
  EXPECT_THAT(scene.node().sh("ip route show table 20200"), HasSubstr("192.168.0.21 dev ctn"));
  EXPECT_THAT(scene.node().sh("ip -d link show"), HasSubstr("alias default/pod-a"));
  EXPECT_THAT(scene.node().sh("ip rule"), HasSubstr("512:\tfrom all lookup 20200"));
}

TEST(MultiipAdd, AnInterfaceThatAnEarlierPluginMadeIsPassedThrough) {
  const EniNode scene;
  const ScratchNetNs pod;
  const json previous = {{"cniVersion", "1.1.0"},
                         {"interfaces", {{{"name", "eth0"}, {"sandbox", pod.path()}}}},
                         {"ips", {{{"address", "192.168.0.77/24"}, {"interface", 0}}}}};
  const Answer added = scene.add(pod, "pod-a", {{"prevResult", previous}});
  EXPECT_EQ(added.json["ips"][0]["address"], "192.168.0.77/24");
  EXPECT_FALSE(pod.sh_ok("ip link show eth0"));
  EXPECT_EQ(scene.held(), "");
}

TEST(MultiipAdd, JumboFramesReachOtherNodesUnbroken) {
  const EniNode scene({.mtu = 8500});
  scene.put_addresses("eni-2", {"21"});
  const ScratchNetNs pod;
  const Answer added = scene.add(pod, "pod-a");
  EXPECT_EQ(added.json["interfaces"][1]["mtu"], 8500);
  EXPECT_TRUE(pod.sh_ok("ping -n -c 1 -W 2 -M do -s 8472 192.168.1.10"));
}

TEST(MultiipAdd, AConfiguredMtuIsThatOfThePodAndOfItsEni) {
  const EniNode scene({.mtu = 8500});
  scene.put_addresses("eni-2", {"21"});
  const ScratchNetNs pod;
  const Answer added = scene.add(pod, "pod-a", {{"mtu", 1400}});
  EXPECT_EQ(added.json["interfaces"][1]["mtu"], 1400);
  EXPECT_THAT(scene.node().sh("ip -o link | grep 00:16:3e:00:01:02"), HasSubstr("mtu 1400"));
  EXPECT_THAT(pod.sh("ip link show eth0"), HasSubstr("mtu 1400"));
}

TEST(MultiipAdd, WhatLeavesTheVpcCarriesTheNodesAddressWhereMasqueradeIsOn) {
  const EniNode scene;
  scene.put_addresses("eni-2", {"21"});
  const ScratchNetNs pod;
  scene.add(pod, "pod-a", {{"masquerade", true}, {"nonMasqueradeCIDRs", {"192.168.0.0/24"}}});
  const auto seen = [&](const ScratchNetNs& to, const char* destination) {
    const auto source = udp_probe(
        {.from = pod, .source = ip("192.168.1.21"), .to = to, .destination = ip(destination)});
    return source.has_value() ? source->to_string() : "nothing";
  };
  EXPECT_EQ(seen(scene.vpc.b(), "192.168.1.10"), "192.168.0.10");
  EXPECT_TRUE(scene
                  .del(pod.path(), "pod-a",
                       {{"masquerade", true}, {"nonMasqueradeCIDRs", {"192.168.0.0/24"}}})
                  .ok());
  EXPECT_EQ(scene.leftovers(), "");
}

TEST(MultiipAdd, HostStackNetworksGoByTheNodesOwnTable) {
  const EniNode scene;
  scene.put_addresses("eni-2", {"21"});
  scene.node().sh("ip addr add 169.254.20.10/32 dev lo");
  const ScratchNetNs pod;
  scene.add(pod, "pod-a", {{"hostStackCIDRs", {"169.254.20.0/24", "198.18.0.0/15"}}});
  EXPECT_TRUE(can_ping(pod, "169.254.20.10"));
  EXPECT_THAT(scene.node().sh("ip rule"), HasSubstr("590:\tfrom all to 198.18.0.0/15 lookup main"));
}

TEST(MultiipAdd, WantedAddressesAndMacsAreGiven) {
  const EniNode scene;
  scene.put_addresses("eni-1", {"21", "22"});
  const ScratchNetNs pod;
  const Answer added = scene.add(
      pod, "pod-a", {{"runtimeConfig", {{"ips", {"192.168.0.22"}}, {"mac", "02:00:00:00:00:17"}}}});
  EXPECT_EQ(address_of(added), "192.168.0.22");
  EXPECT_EQ(added.json["interfaces"][1]["mac"], "02:00:00:00:00:17");
}

TEST(MultiipAdd, AnEniWhoseLinkIsNotThereIsPassedOverAndNamed) {
  const EniNode scene;
  scene.put_lost_eni("eni-0", "192.168.0.99");
  const ScratchNetNs pod;
  const Answer alone = scene.call(
      {.command = "ADD", .netns = pod.path(), .config = scene.config({{"growTimeout", 1}})});
  EXPECT_EQ(alone.code(), 11) << alone.process.out;
  EXPECT_THAT(alone.message(), HasSubstr("00:16:3e:00:0f:0f"));
  EXPECT_EQ(scene.held(), "");

  scene.put_addresses("eni-1", {"21"});
  EXPECT_EQ(address_of(scene.add(pod, "pod-a")), "192.168.0.21");
}

TEST(MultiipAdd, WithAddressesLeftAsksNobodyAndRunsNothing) {
  const EniNode scene;
  scene.put_addresses("eni-1", {"21", "22"});
  const ScratchNetNs pod;
  const std::string trace = scene.dir() + "/trace";
  const Answer added =
      scene.call({.command = "ADD",
                  .netns = pod.path(),
                  .config = scene.config(),
                  .wrapper = {"/usr/bin/strace", "-f", "-o", trace, "-e", "trace=execve,connect"}});
  ASSERT_TRUE(added.ok()) << added.process.out;
  EXPECT_EQ(scene.node().sh("grep -c execve " + trace), "1\n") << "the plugin itself";
  EXPECT_THAT(scene.node().sh("cat " + trace), Not(HasSubstr("no-agent")));
}

TEST(MultiipAdd, RoutingByMarksIsRefusedWhereMasqueradeNeedsThem) {
  const EniNode scene;
  scene.put_addresses("eni-1", {"21"});
  const ScratchNetNs pod;
  const Answer refused =
      scene.call({.command = "ADD",
                  .netns = pod.path(),
                  .config = scene.config({{"masquerade", true}, {"routing", "rules"}})});
  EXPECT_EQ(refused.code(), 7);
  EXPECT_THAT(refused.message(), HasSubstr("masquerade"));
}

}  // namespace
}  // namespace catena::test
