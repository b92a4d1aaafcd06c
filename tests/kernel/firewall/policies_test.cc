// What policies' rules let through, tried with packets; rules by hand.
#include <netinet/in.h>

#include <gtest/gtest.h>

#include "tests/kernel/firewall/policy_scene.h"

namespace catena::firewall::test {
namespace {

constexpr firewall::Place kNode = firewall::Place::kNode;

class PoliciesOnTheNode : public testing::TestWithParam<base::Family> {
 protected:
  base::Family family() const { return GetParam(); }
  void sync(const netpol::Rules& want) const {
    with_policies(scene.node.netns, kNode,
                  [&](Policies& policies) { EXPECT_OK(policies.sync(want)); });
  }
  bool is_open(const Place& from, const Place& to) const { return open(from, to, family()); }
  bool is_closed(const Place& from, const Place& to) const { return closed(from, to, family()); }

  Scene scene;
};

TEST_P(PoliciesOnTheNode, WithoutIsolatedPodsEverythingPasses) {
  sync({});
  EXPECT_TRUE(is_open(scene.pod_a, scene.pod_b));
  EXPECT_TRUE(is_open(scene.outside, scene.pod_a));
  EXPECT_TRUE(is_open(scene.pod_a, scene.node));
}

TEST_P(PoliciesOnTheNode, IntoAnIsolatedPodOnlyPeersAndTheNodeGet) {
  sync(into_a_from(scene, {&scene.pod_b}));
  EXPECT_TRUE(is_open(scene.pod_b, scene.pod_a));
  EXPECT_TRUE(is_closed(scene.outside, scene.pod_a));
  EXPECT_TRUE(is_open(scene.node, scene.pod_a)) << "kubelet's probes";
  EXPECT_TRUE(is_open(scene.pod_a, scene.outside)) << "the other direction is not isolated";
}

TEST_P(PoliciesOnTheNode, OutOfAnIsolatedPodOnlyToPeers) {
  sync(out_of_a_to(scene, {&scene.pod_b}));
  EXPECT_TRUE(is_open(scene.pod_a, scene.pod_b));
  EXPECT_TRUE(is_closed(scene.pod_a, scene.outside));
  EXPECT_TRUE(is_closed(scene.pod_a, scene.node));
  EXPECT_TRUE(is_open(scene.outside, scene.pod_a));
}

TEST_P(PoliciesOnTheNode, AClosedPodTalksToNobodyButIsProbed) {
  with_policies(scene.node.netns, kNode, [this](Policies& policies) {
    EXPECT_OK(policies.close_subject(kIdA, {scene.pod_a.v4, scene.pod_a.v6},
                                     Scene::entries_of(scene.pod_a)));
    EXPECT_EQ(policies.subjects().value(), std::vector<std::string>{kIdA});
  });
  EXPECT_TRUE(is_closed(scene.pod_a, scene.outside));
  EXPECT_TRUE(is_closed(scene.pod_a, scene.node));
  EXPECT_TRUE(is_closed(scene.pod_b, scene.pod_a));
  EXPECT_TRUE(is_open(scene.node, scene.pod_a));
}

TEST_P(PoliciesOnTheNode, WhatASecondSyncAllowsPassesAndWhatItForbidsNot) {
  sync(into_a_from(scene, {&scene.pod_b}));
  sync(into_a_from(scene, {&scene.outside}));
  EXPECT_TRUE(is_closed(scene.pod_b, scene.pod_a));
  EXPECT_TRUE(is_open(scene.outside, scene.pod_a));
  sync({});
  EXPECT_TRUE(is_open(scene.pod_b, scene.pod_a));
}

TEST_P(PoliciesOnTheNode, ChangesAreApplied) {
  with_policies(scene.node.netns, kNode, [this](Policies& policies) {
    const netpol::Rules first = into_a_from(scene, {&scene.pod_b});
    netpol::Rules second = into_a_from(scene, {&scene.outside});
    second.subjects[kIdB] = subject_of(scene.pod_b, std::nullopt, std::vector<std::string>());
    ASSERT_OK(policies.sync({}));
    ASSERT_OK(policies.apply(netpol::difference({}, first)));
    EXPECT_EQ(policies.differences(first, kIdA).value(), std::vector<std::string>());
    EXPECT_TRUE(is_open(scene.pod_b, scene.pod_a));
    EXPECT_TRUE(is_closed(scene.outside, scene.pod_a));
    ASSERT_OK(policies.apply(netpol::difference(first, second)));
    EXPECT_EQ(policies.differences(second, kIdA).value(), std::vector<std::string>());
    EXPECT_EQ(policies.differences(second, kIdB).value(), std::vector<std::string>());
    EXPECT_TRUE(is_closed(scene.pod_b, scene.pod_a));
    EXPECT_TRUE(is_open(scene.outside, scene.pod_a));
    ASSERT_OK(policies.apply(netpol::difference(second, {})));
    EXPECT_TRUE(policies.subjects().value().empty());
    EXPECT_TRUE(is_open(scene.pod_b, scene.pod_a));
  });
}

TEST_P(PoliciesOnTheNode, ARemovedSubjectIsNotJudgedAnyMoreAndItsGuardIsClosed) {
  with_policies(scene.node.netns, kNode, [this](Policies& policies) {
    const std::vector<Entry> entries = Scene::entries_of(scene.pod_a);
    ASSERT_OK(policies.close_subject(kIdA, {scene.pod_a.v4, scene.pod_a.v6}, entries));
    ASSERT_OK(policies.remove_subject(kIdA, {scene.pod_a.v4, scene.pod_a.v6}, entries));
    EXPECT_TRUE(policies.subjects().value().empty());
    ASSERT_OK(policies.remove_subject(kIdA, {scene.pod_a.v4, scene.pod_a.v6}, entries));
    ASSERT_OK(policies.sync({}));
  });
}

INSTANTIATE_TEST_SUITE_P(BothFamilies, PoliciesOnTheNode, testing::ValuesIn(kFamilies),
                         [](const auto& tested) {
                           return tested.param == base::Family::kIpv4 ? "IPv4" : "IPv6";
                         });

TEST(PoliciesInAPod, JudgeWhatItsNicCarries) {
  const Scene scene;
  const std::vector<Entry> entries{{"eth0", scene.pod_a.v4}, {"eth0", scene.pod_a.v6}};
  with_policies(scene.pod_a.netns, firewall::Place::kPodNic, [&](Policies& policies) {
    ASSERT_OK(policies.can_do());
    ASSERT_OK(policies.sync(into_a_from(scene, {&scene.pod_b}), entries));
  });
  for (const base::Family family : kFamilies) {
    EXPECT_TRUE(open(scene.pod_b, scene.pod_a, family));
    EXPECT_TRUE(closed(scene.outside, scene.pod_a, family));
    EXPECT_TRUE(open(scene.pod_a, scene.outside, family));
    EXPECT_TRUE(open(scene.pod_a, scene.pod_a, family)) << "over lo";
  }
  with_policies(scene.pod_a.netns, firewall::Place::kPodNic, [&](Policies& policies) {
    ASSERT_OK(policies.sync(out_of_a_to(scene, {&scene.pod_b}), entries));
  });
  for (const base::Family family : kFamilies) {
    EXPECT_TRUE(open(scene.pod_a, scene.pod_b, family));
    EXPECT_TRUE(closed(scene.pod_a, scene.outside, family));
  }
}

TEST(PoliciesState, SyncMakesGoodWhatSomebodyTookAway) {
  const Scene scene;
  with_policies(scene.node.netns, kNode, [&](Policies& policies) {
    ASSERT_OK(policies.can_do());
    const netpol::Rules want = into_a_from(scene, {&scene.pod_b});
    ASSERT_OK(policies.sync(want));
    for (const std::string& damage :
         {std::string("nft flush ruleset"), std::string("nft flush table inet catena"),
          std::string("nft flush map inet catena in4"),
          "nft flush set inet catena " + std::string(kPeers4),
          "nft add element inet catena " + std::string(kPeers4) + " '{ 192.0.2.2 }'"}) {
      scene.node.netns.sh(damage);
      EXPECT_NE(policies.differences(want, kIdA).value(), std::vector<std::string>()) << damage;
      ASSERT_OK(policies.sync(want));
      EXPECT_EQ(policies.differences(want, kIdA).value(), std::vector<std::string>()) << damage;
    }
  });
}

TEST(PoliciesState, ApplyAsksForASyncWhereTheTableIsGone) {
  const Scene scene;
  with_policies(scene.node.netns, kNode, [&](Policies& policies) {
    const netpol::Rules first = into_a_from(scene, {&scene.pod_b});
    const netpol::Rules second = into_a_from(scene, {&scene.outside});
    ASSERT_OK(policies.sync(first));
    scene.node.netns.sh("nft flush ruleset");
    const base::Status applied = policies.apply(netpol::difference(first, second));
    ASSERT_FALSE(applied.ok());
    EXPECT_TRUE(applied.error().is(base::ErrorKind::kTryAgain)) << applied.error().text();
  });
}

TEST(PoliciesState, ASubjectThatSyncIsToKeepStays) {
  const Scene scene;
  with_policies(scene.node.netns, kNode, [&](Policies& policies) {
    ASSERT_OK(policies.close_subject(kIdB, {scene.pod_b.v4}, {}));
    ASSERT_OK(policies.sync({}, {}, [](const std::string& id) { return id == kIdB; }));
    EXPECT_EQ(policies.subjects().value(), std::vector<std::string>{kIdB});
    ASSERT_OK(policies.sync({}));
    EXPECT_TRUE(policies.subjects().value().empty());
    EXPECT_EQ(scene.node.netns.sh("nft list table inet catena").find(kIdB), std::string::npos);
  });
}

TEST(PoliciesState, NetworksPortsAndEndpointsAreSetAndListed) {
  const Scene scene;
  with_policies(scene.node.netns, kNode, [&](Policies& policies) {
    netpol::Rules want = into_a_from(scene, {&scene.pod_b});
    want.sets["b4-0000000000000001"] =
        networks({{ip("0.0.0.0"), ip("9.255.255.255")}, {ip("192.0.2.0"), ip("255.255.255.255")}},
                 base::Family::kIpv4);
    want.sets["n4-0000000000000001"] =
        endpoints({{scene.pod_a.v4, IPPROTO_TCP, 80}}, base::Family::kIpv4);
    want.chains[kIngressChain].rules.push_back({IPPROTO_TCP, 80, 90, "b4-0000000000000001", {}});
    want.chains[kIngressChain].rules.push_back({0, 0, 0, {}, "n4-0000000000000001"});
    ASSERT_OK(policies.sync(want));
    EXPECT_EQ(policies.differences(want, kIdA).value(), std::vector<std::string>());
    const std::string listed = scene.node.netns.sh("nft list table inet catena");
    EXPECT_NE(listed.find("192.0.2.0-255.255.255.255"), std::string::npos) << listed;
    EXPECT_NE(listed.find("10.1.0.1 . tcp . 80"), std::string::npos) << listed;
    ASSERT_OK(policies.sync(want)) << "twice";
  });
}

}  // namespace
}  // namespace catena::firewall::test
