// The guard of a NIC inside a pod's namespace, tried with packets: in the scene, eth0 of a pod.
#include <gtest/gtest.h>

#include "tests/kernel/firewall/expect.h"
#include "tests/kernel/firewall/scene.h"

namespace catena::firewall::test {
namespace {

using catena::test::kLongEnough;
using catena::test::neighbour_answers;
using catena::test::Probe;
using catena::test::udp_probe;

class NicGuard : public testing::TestWithParam<base::Family> {
 protected:
  base::Family family() const { return GetParam(); }
  base::IpAddress address(const Place& place) const { return address_of(place, family()); }
  void in_pod(const std::function<void(Table&)>& work) const {
    scene.pod_a.netns.run([&work] {
      base::Result<Table> table = Table::open();
      ASSERT_OK(table);
      work(*table);
    });
  }
  std::vector<Entry> own() const { return {{"eth0", address(scene.pod_a)}}; }

  Scene scene;
};

TEST_P(NicGuard, NothingPassesTheNicUntilItsAddressIsEntered) {
  in_pod([](Table& table) { EXPECT_OK(table.ensure_nic_guard("eth0")); });
  EXPECT_TRUE(closed(scene.pod_a, scene.outside, family()));
  EXPECT_TRUE(closed(scene.outside, scene.pod_a, family()));
  EXPECT_TRUE(closed(scene.node, scene.pod_a, family()));
  in_pod([this](Table& table) { EXPECT_OK(table.enter(own())); });
  EXPECT_TRUE(open(scene.pod_a, scene.outside, family()));
  EXPECT_TRUE(open(scene.outside, scene.pod_a, family()));
  EXPECT_TRUE(open(scene.node, scene.pod_a, family()));
}

TEST_P(NicGuard, ClosesAgainWhenTheAddressIsForgotten) {
  in_pod([this](Table& table) { EXPECT_OK(table.ensure_nic_guard("eth0", own())); });
  EXPECT_TRUE(open(scene.outside, scene.pod_a, family()));
  in_pod([this](Table& table) {
    EXPECT_OK(table.forget(own()));
    EXPECT_OK(table.leave(own()));
  });
  EXPECT_TRUE(closed(scene.outside, scene.pod_a, family()));
  EXPECT_TRUE(closed(scene.pod_a, scene.outside, family()));
}

TEST_P(NicGuard, ASourceThatIsNotThePodsOwnIsDropped) {
  const base::IpAddress stranger =
      family() == base::Family::kIpv4 ? ip("10.1.0.99") : ip("fd00:1::99");
  Probe spoofed{scene.pod_a.netns, stranger, scene.outside.netns, address(scene.outside)};
  EXPECT_TRUE(udp_probe(spoofed)) << "it is not dropped for another reason";
  in_pod([this](Table& table) { EXPECT_OK(table.ensure_nic_guard("eth0", own())); });
  spoofed.patience = kLongEnough;
  EXPECT_FALSE(udp_probe(spoofed));
}

TEST_P(NicGuard, LeavesOtherLinksAlone) {
  in_pod([](Table& table) { EXPECT_OK(table.ensure_nic_guard("eth1")); });
  EXPECT_TRUE(open(scene.pod_a, scene.outside, family()));
  EXPECT_TRUE(open(scene.pod_a, scene.pod_a, family())) << "over lo";
}

TEST_P(NicGuard, OfSeveralNicsEachIsGuarded) {
  in_pod([this](Table& table) {
    EXPECT_OK(table.ensure_nic_guard("eth1"));
    EXPECT_OK(table.ensure_nic_guard("eth0", {{"eth1", address(scene.pod_a)}}));
    EXPECT_TRUE(table.has_nic_guard("eth0").value());
    EXPECT_TRUE(table.has_nic_guard("eth1").value());
    EXPECT_FALSE(table.has_nic_guard("eth2").value());
  });
  EXPECT_TRUE(closed(scene.outside, scene.pod_a, family()));
}

TEST_P(NicGuard, WhatThePodMasqueradesItselfLeavesWithItsAddress) {
  const bool v4 = family() == base::Family::kIpv4;
  const base::IpAddress inner = v4 ? ip("172.30.0.2") : ip("fd00:30::2");
  scene.pod_a.netns.sh("ip addr add " + inner.to_string() +
                       " dev lo && nft add table inet own && "
                       "nft add chain inet own nat '{ type nat hook postrouting priority 100; }' "
                       "&& nft add rule inet own nat oifname eth0 masquerade");
  in_pod([this](Table& table) { EXPECT_OK(table.ensure_nic_guard("eth0", own())); });
  EXPECT_EQ(udp_probe({scene.pod_a.netns, inner, scene.outside.netns, address(scene.outside)}),
            address(scene.pod_a));
}

INSTANTIATE_TEST_SUITE_P(BothFamilies, NicGuard, testing::ValuesIn(kFamilies),
                         [](const auto& tested) {
                           return tested.param == base::Family::kIpv4 ? "IPv4" : "IPv6";
                         });

TEST(NicGuardState, ComesBackAfterSomebodyFlushedTheRuleset) {
  const catena::test::ScratchNetNs netns;
  netns.run([&netns] {
    base::Result<Table> table = Table::open();
    ASSERT_OK(table);
    ASSERT_OK(table->ensure_nic_guard("eth0"));
    netns.sh("nft flush table inet catena");
    EXPECT_FALSE(table->has_nic_guard("eth0").value());
    ASSERT_OK(table->ensure_nic_guard("eth0"));
    EXPECT_TRUE(table->has_nic_guard("eth0").value());
    netns.sh("nft flush ruleset");
    EXPECT_FALSE(table->has_nic_guard("eth0").value());
    ASSERT_OK(table->ensure_nic_guard("eth0"));
    EXPECT_TRUE(table->has_nic_guard("eth0").value());
    EXPECT_FALSE(table->ensure_nic_guard("").ok());
  });
}

TEST(NicGuardIcmpv6, NeighbourDiscoveryPassesWhileAllElseIsClosed) {
  const Scene scene;
  scene.pod_a.netns.run([] { EXPECT_OK(Table::open().value().ensure_nic_guard("eth0")); });
  EXPECT_TRUE(closed(scene.pod_a, scene.node, base::Family::kIpv6));
  EXPECT_TRUE(neighbour_answers(scene.pod_a.netns, "eth0", scene.pod_a.v6, ip("fe80::1")));
  EXPECT_TRUE(
      neighbour_answers(scene.node.netns, scene.pod_a.if_name, ip("fe80::1"), scene.pod_a.v6));
}

}  // namespace
}  // namespace catena::firewall::test
