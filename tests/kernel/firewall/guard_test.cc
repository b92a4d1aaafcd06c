// What the guard lets through, tried with packets.
#include <array>

#include <gtest/gtest.h>

#include "tests/kernel/firewall/expect.h"
#include "tests/kernel/firewall/scene.h"

namespace catena::firewall::test {
namespace {

using catena::test::kLongEnough;
using catena::test::neighbour_answers;
using catena::test::Probe;
using catena::test::udp_probe;

class Guard : public testing::TestWithParam<base::Family> {
 protected:
  base::Family family() const { return GetParam(); }
  base::IpAddress address(const Place& place) const { return address_of(place, family()); }
  void ensure(const std::vector<Entry>& entries) const {
    scene.at_node([&](Table& table) { EXPECT_OK(table.ensure_guard(entries)); });
  }
  std::vector<Entry> both_pods() const {
    return {{scene.pod_a.if_name, address(scene.pod_a)},
            {scene.pod_b.if_name, address(scene.pod_b)}};
  }

  Scene scene;
};

TEST_P(Guard, WithoutItEverybodyTalksToEverybody) {
  EXPECT_TRUE(open(scene.pod_a, scene.outside, family()));
  EXPECT_TRUE(open(scene.outside, scene.pod_a, family()));
  EXPECT_TRUE(open(scene.pod_a, scene.pod_b, family()));
  EXPECT_TRUE(open(scene.pod_a, scene.node, family()));
  EXPECT_TRUE(open(scene.node, scene.pod_a, family()));
}

TEST_P(Guard, APodThatWasNotEnteredNeitherSendsNorReceives) {
  ensure({{scene.pod_b.if_name, address(scene.pod_b)}});
  EXPECT_TRUE(closed(scene.pod_a, scene.outside, family()));
  EXPECT_TRUE(closed(scene.outside, scene.pod_a, family()));
  EXPECT_TRUE(closed(scene.pod_a, scene.node, family()));
  EXPECT_TRUE(closed(scene.node, scene.pod_a, family()));
  EXPECT_TRUE(closed(scene.pod_a, scene.pod_b, family()));
  EXPECT_TRUE(closed(scene.pod_b, scene.pod_a, family()));
  EXPECT_TRUE(open(scene.pod_b, scene.outside, family()));
}

TEST_P(Guard, EnteringOpensBothDirections) {
  ensure({});
  scene.at_node([&](Table& table) { EXPECT_OK(table.enter(both_pods())); });
  EXPECT_TRUE(open(scene.pod_a, scene.outside, family()));
  EXPECT_TRUE(open(scene.outside, scene.pod_a, family()));
  EXPECT_TRUE(open(scene.pod_a, scene.pod_b, family()));
  EXPECT_TRUE(open(scene.pod_a, scene.node, family()));
  EXPECT_TRUE(open(scene.node, scene.pod_a, family()));
}

TEST_P(Guard, LeavingClosesAgain) {
  ensure(both_pods());
  EXPECT_TRUE(open(scene.pod_a, scene.outside, family()));
  scene.at_node([&](Table& table) {
    EXPECT_OK(table.leave({{scene.pod_a.if_name, address(scene.pod_a)}}));
  });
  EXPECT_TRUE(closed(scene.pod_a, scene.outside, family()));
  EXPECT_TRUE(closed(scene.outside, scene.pod_a, family()));
  EXPECT_TRUE(open(scene.pod_b, scene.outside, family()));
}

TEST_P(Guard, OneFamilyEnteredDoesNotOpenTheOther) {
  ensure({{scene.pod_a.if_name, address(scene.pod_a)}});
  const base::Family other =
      family() == base::Family::kIpv4 ? base::Family::kIpv6 : base::Family::kIpv4;
  EXPECT_TRUE(open(scene.pod_a, scene.outside, family()));
  EXPECT_TRUE(closed(scene.pod_a, scene.outside, other));
}

TEST_P(Guard, ASourceThatIsNotThePodsOwnIsDropped) {
  const base::IpAddress stranger =
      family() == base::Family::kIpv4 ? ip("10.1.0.99") : ip("fd00:1::99");
  Probe spoofed{scene.pod_a.netns, stranger, scene.outside.netns, address(scene.outside)};
  EXPECT_TRUE(udp_probe(spoofed)) << "the node does not drop it for another reason";
  ensure(both_pods());
  spoofed.patience = kLongEnough;
  EXPECT_FALSE(udp_probe(spoofed));
  spoofed.source = address(scene.pod_b);
  EXPECT_FALSE(udp_probe(spoofed)) << "another pod's address";
}

TEST_P(Guard, AnAddressEnteredForAnotherInterfaceDoesNotCount) {
  ensure({{scene.pod_b.if_name, address(scene.pod_a)}});
  EXPECT_TRUE(closed(scene.pod_a, scene.outside, family()));
  EXPECT_TRUE(closed(scene.outside, scene.pod_a, family()));
}

TEST_P(Guard, OtherInterfacesAreLeftAlone) {
  ensure({});
  EXPECT_TRUE(open(scene.node, scene.outside, family()));
  EXPECT_TRUE(open(scene.outside, scene.node, family()));
  scene.node.netns.sh("ip link set " + scene.pod_a.if_name + " down && ip link set " +
                      scene.pod_a.if_name + " name cta && ip link set cta up");
  scene.node.netns.sh(
      "ip route replace 10.1.0.1 dev cta && ip route replace fd00:1::1 dev cta"
      " && ip addr replace fe80::1/64 dev cta");
  EXPECT_TRUE(open(scene.pod_a, scene.outside, family())) << "its name does not begin with ctn";
}

TEST_P(Guard, APingIsDroppedUntilEntered) {
  ensure({});
  const std::string ping = "ping -n -c 1 -W 1 " + address(scene.outside).to_string();
  EXPECT_FALSE(scene.pod_a.netns.sh_ok(ping));
  ensure(both_pods());
  EXPECT_TRUE(scene.pod_a.netns.sh_ok(ping));
}

INSTANTIATE_TEST_SUITE_P(BothFamilies, Guard, testing::ValuesIn(kFamilies), [](const auto& tested) {
  return tested.param == base::Family::kIpv4 ? "IPv4" : "IPv6";
});

TEST(GuardIcmpv6, NeighbourDiscoveryPassesWhileAllElseIsClosed) {
  const Scene scene;
  scene.at_node([](Table& table) { EXPECT_OK(table.ensure_guard()); });
  EXPECT_TRUE(closed(scene.pod_a, scene.node, base::Family::kIpv6));
  EXPECT_TRUE(neighbour_answers(scene.pod_a.netns, "eth0", scene.pod_a.v6, ip("fe80::1")));
  EXPECT_TRUE(
      neighbour_answers(scene.node.netns, scene.pod_a.if_name, ip("fe80::1"), scene.pod_a.v6));
}

TEST(GuardIcmpv6, NeighbourDiscoveryIsNotAnsweredByNobody) {
  const Scene scene;
  EXPECT_FALSE(
      neighbour_answers(scene.pod_a.netns, "eth0", scene.pod_a.v6, ip("fe80::99"), kLongEnough));
}

}  // namespace
}  // namespace catena::firewall::test
