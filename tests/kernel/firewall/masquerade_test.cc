// Whose address the other side sees.
#include <gtest/gtest.h>

#include "tests/kernel/firewall/expect.h"
#include "tests/kernel/firewall/scene.h"

namespace catena::firewall::test {
namespace {

using catena::test::Probe;
using catena::test::tcp_probe;
using catena::test::udp_probe;

const std::vector<base::Prefix> kKeep{net("192.0.2.0/24"), net("10.0.0.0/8"), net("fd00:2::/64")};

class Masquerade : public testing::TestWithParam<base::Family> {
 protected:
  base::Family family() const { return GetParam(); }
  base::IpAddress address(const Place& place) const { return address_of(place, family()); }
  base::IpAddress far() const { return family() == base::Family::kIpv4 ? scene.far4 : scene.far6; }
  std::vector<base::IpAddress> pod_a() const { return {scene.pod_a.v4, scene.pod_a.v6}; }
  void masquerade(const std::vector<base::IpAddress>& pods,
                  const std::vector<base::Prefix>& keep) const {
    scene.at_node([&](Table& table) { EXPECT_OK(table.masquerade(pods, keep)); });
  }
  // By UDP and by a TCP connection, whose answers have to find back.
  void expect_seen(const Place& from, const Place& to, const base::IpAddress& destination,
                   const base::IpAddress& seen) const {
    const Probe probe{from.netns, address(from), to.netns, destination};
    EXPECT_EQ(udp_probe(probe).value_or(base::IpAddress()).to_string(), seen.to_string());
    EXPECT_EQ(tcp_probe(probe).value_or(base::IpAddress()).to_string(), seen.to_string());
  }

  Scene scene;
};

TEST_P(Masquerade, WithoutItThePodIsSeen) {
  expect_seen(scene.pod_a, scene.outside, far(), address(scene.pod_a));
}

TEST_P(Masquerade, TheNodeIsSeenOutside) {
  masquerade(pod_a(), kKeep);
  expect_seen(scene.pod_a, scene.outside, far(), address(scene.node));
  expect_seen(scene.pod_b, scene.outside, far(), address(scene.pod_b));
}

TEST_P(Masquerade, KeptNetworksSeeThePod) {
  masquerade(pod_a(), kKeep);
  expect_seen(scene.pod_a, scene.outside, address(scene.outside), address(scene.pod_a));
}

TEST_P(Masquerade, PodsOfTheNodeSeeEachOtherWhateverIsKept) {
  masquerade({scene.pod_a.v4, scene.pod_a.v6, scene.pod_b.v4, scene.pod_b.v6}, {});
  expect_seen(scene.pod_a, scene.pod_b, address(scene.pod_b), address(scene.pod_a));
  expect_seen(scene.pod_a, scene.outside, address(scene.outside), address(scene.node));
}

TEST_P(Masquerade, CallersFromOutsideAreSeenByThePod) {
  masquerade(pod_a(), kKeep);
  const Probe probe{scene.outside.netns, far(), scene.pod_a.netns, address(scene.pod_a)};
  EXPECT_EQ(tcp_probe(probe).value_or(base::IpAddress()), far());
}

TEST_P(Masquerade, StoppingEndsIt) {
  masquerade({scene.pod_a.v4, scene.pod_a.v6, scene.pod_b.v4, scene.pod_b.v6}, kKeep);
  scene.at_node([this](Table& table) {
    EXPECT_OK(table.stop_masquerade(pod_a(), kKeep));
    EXPECT_OK(table.stop_masquerade(pod_a(), kKeep));
    EXPECT_FALSE(table.is_masqueraded(address(scene.pod_a), kKeep).value());
    EXPECT_TRUE(table.is_masqueraded(address(scene.pod_b), kKeep).value());
  });
  expect_seen(scene.pod_a, scene.outside, far(), address(scene.pod_a));
  expect_seen(scene.pod_b, scene.outside, far(), address(scene.node));
}

TEST_P(Masquerade, ListsOfKeptNetworksDoNotMix) {
  masquerade({scene.pod_a.v4, scene.pod_a.v6}, kKeep);
  masquerade({scene.pod_b.v4, scene.pod_b.v6}, {net("198.51.100.0/24"), net("fd00:9::/64")});
  expect_seen(scene.pod_a, scene.outside, far(), address(scene.node));
  expect_seen(scene.pod_b, scene.outside, far(), address(scene.pod_b));
  expect_seen(scene.pod_b, scene.outside, address(scene.outside), address(scene.node));
}

TEST_P(Masquerade, KeepingEverythingMasqueradesNothing) {
  masquerade(pod_a(), {net("0.0.0.0/0"), net("::/0"), net("10.0.0.0/8")});
  expect_seen(scene.pod_a, scene.outside, far(), address(scene.pod_a));
}

TEST_P(Masquerade, ANetworkAtTheEndOfTheAddressSpaceIsKept) {
  masquerade(pod_a(), {net("198.51.100.0/24"), net("240.0.0.0/4"), net("192.0.0.0/3"),
                       net("fc00::/6"), net("fd00:9::/64")});
  expect_seen(scene.pod_a, scene.outside, far(), address(scene.pod_a));
}

TEST_P(Masquerade, FlushedRulesAreMissedAndComeBack) {
  masquerade(pod_a(), kKeep);
  scene.node.netns.sh("nft flush table inet catena");
  scene.at_node([this](Table& table) {
    EXPECT_FALSE(table.is_masqueraded(address(scene.pod_a), kKeep).value());
  });
  masquerade({scene.pod_b.v4, scene.pod_b.v6}, kKeep);
  expect_seen(scene.pod_a, scene.outside, far(), address(scene.node));
}

INSTANTIATE_TEST_SUITE_P(BothFamilies, Masquerade, testing::ValuesIn(kFamilies),
                         [](const auto& tested) {
                           return tested.param == base::Family::kIpv4 ? "IPv4" : "IPv6";
                         });

class MasqueradeObjects : public testing::Test {
 protected:
  void with_table(const std::function<void(Table&)>& work) const {
    netns.run([&work] {
      base::Result<Table> table = Table::open();
      ASSERT_OK(table);
      work(*table);
    });
  }
  int count(const std::string& words) const {
    return std::stoi(netns.sh("nft list ruleset | grep -c '" + words + "'; true"));
  }

  catena::test::ScratchNetNs netns;
};

TEST_F(MasqueradeObjects, OrderAndSpellingOfTheListDoNotMatter) {
  with_table([this](Table& table) {
    EXPECT_OK(table.masquerade({ip("10.1.0.1")}, {net("10.0.0.0/8"), net("fd00::/8")}));
    EXPECT_OK(table.masquerade({ip("10.1.0.2")}, {net("fd00::/8"), net("10.0.0.0/8")}));
    EXPECT_OK(table.masquerade({ip("10.1.0.3")}, {net("fd00::/8"), net("10.128.0.0/9"),
                                                  net("10.5.0.0/16"), net("10.0.0.1/9")}));
    EXPECT_EQ(count("set keep4-"), 1);
    EXPECT_EQ(count("chain masq-"), 1);
    EXPECT_EQ(count("10.1.0.1, 10.1.0.2"), 1);
    EXPECT_OK(table.masquerade({ip("10.1.0.1")}, {net("10.0.0.0/8")}));
    EXPECT_EQ(count("set keep4-"), 2);
    EXPECT_EQ(count("chain masq-"), 2);
  });
}

TEST_F(MasqueradeObjects, LinkLocalAndMulticastAreAlwaysKept) {
  with_table([](Table& table) { EXPECT_OK(table.masquerade({ip("10.1.0.1")}, {})); });
  EXPECT_EQ(count("169.254.0.0/16, 224.0.0.0/4"), 1);
  EXPECT_EQ(count("255.255.255.255"), 1);
  EXPECT_EQ(count("fe80::/10"), 1);
  EXPECT_EQ(count("ff00::/8"), 1);
}

TEST_F(MasqueradeObjects, EveryMasqueradedPodIsListedAndCanBeStoppedByThat) {
  with_table([](Table& table) {
    EXPECT_EQ(table.masqueraded().value().size(), 0U);
    EXPECT_OK(table.masquerade({ip("10.1.0.1"), ip("fd00::1")}, kKeep));
    EXPECT_OK(table.masquerade({ip("10.1.0.2")}, {}));
    std::vector<Masqueraded> all = table.masqueraded().value();
    EXPECT_EQ(all.size(), 3U);
    std::erase_if(all, [](const Masqueraded& pod) { return pod.address == ip("10.1.0.2"); });
    EXPECT_OK(table.stop_masquerade(all));
    EXPECT_OK(table.stop_masquerade(all));
    EXPECT_FALSE(table.is_masqueraded(ip("10.1.0.1"), kKeep).value());
    EXPECT_TRUE(table.is_masqueraded(ip("10.1.0.2"), {}).value());
  });
}

TEST_F(MasqueradeObjects, StoppingWithoutATableIsDone) {
  with_table([](Table& table) {
    EXPECT_OK(table.stop_masquerade({ip("10.1.0.1"), ip("fd00::1")}, kKeep));
    EXPECT_FALSE(table.is_masqueraded(ip("10.1.0.1"), kKeep).value());
  });
  EXPECT_EQ(netns.sh("nft list ruleset"), "");
}

TEST_F(MasqueradeObjects, TheGuardAndMasqueradesShareTheTable) {
  with_table([](Table& table) {
    const Entry entry{"ctnaaaaaaaaaaaa", ip("10.1.0.1")};
    EXPECT_OK(table.masquerade({entry.address}, kKeep));
    EXPECT_FALSE(table.has_guard().value());
    EXPECT_OK(table.ensure_guard({entry}));
    EXPECT_OK(table.masquerade({entry.address}, kKeep));
    EXPECT_TRUE(table.is_entered(entry).value());
    EXPECT_TRUE(table.is_masqueraded(entry.address, kKeep).value());
    EXPECT_FALSE(table.is_masqueraded(entry.address, {}).value());
  });
}

}  // namespace
}  // namespace catena::firewall::test
