// What the rules in iptables let through, tried with packets.
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <gtest/gtest.h>

#include "tests/kernel/firewall/expect.h"
#include "tests/kernel/xtables/scene.h"
#include "tests/support/paths.h"

namespace catena::xtables::test {
namespace {

class XtablesPackets : public testing::TestWithParam<base::Family> {
 protected:
  base::Family family() const { return GetParam(); }
  Call call(const Place& from, const Place& to, std::uint16_t port = kWeb, bool tcp = true) const {
    return {from, to, family(), port, tcp};
  }
  void isolate_a(std::optional<std::vector<std::string>> ingress,
                 std::optional<std::vector<std::string>> egress) {
    netpol::Subject subject = subject_of(scene.pod_a);
    subject.ingress = std::move(ingress);
    subject.egress = std::move(egress);
    rules.subjects["a"] = subject;
    ASSERT_OK(scene.sync(rules));
  }

  Scene scene;
  netpol::Rules rules;
};

TEST_P(XtablesPackets, WithoutPoliciesEverybodyTalksToEverybody) {
  isolate_a(std::nullopt, std::nullopt);
  EXPECT_TRUE(reaches(call(scene.outside, scene.pod_a)));
  EXPECT_TRUE(reaches(call(scene.pod_a, scene.outside)));
  EXPECT_TRUE(reaches(call(scene.pod_a, scene.node)));
}

TEST_P(XtablesPackets, APodThatNobodyMayReachIsReachedByItsNodeAlone) {
  isolate_a(std::vector<std::string>(), std::nullopt);
  EXPECT_TRUE(is_kept_from(call(scene.outside, scene.pod_a)));
  EXPECT_TRUE(is_kept_from(call(scene.pod_b, scene.pod_a)));
  EXPECT_TRUE(is_kept_from(call(scene.pod_b, scene.pod_a, kWeb, false)));
  EXPECT_TRUE(reaches(call(scene.node, scene.pod_a)));
  EXPECT_TRUE(reaches(call(scene.pod_a, scene.outside)));
  EXPECT_TRUE(reaches(call(scene.pod_a, scene.pod_b)));
}

TEST_P(XtablesPackets, APodThatMayReachNobodyReachesNotEvenItsNode) {
  isolate_a(std::nullopt, std::vector<std::string>());
  EXPECT_TRUE(is_kept_from(call(scene.pod_a, scene.outside)));
  EXPECT_TRUE(is_kept_from(call(scene.pod_a, scene.pod_b)));
  EXPECT_TRUE(is_kept_from(call(scene.pod_a, scene.node)));
  EXPECT_TRUE(is_kept_from(call(scene.pod_a, scene.node, kWeb, false)));
  EXPECT_TRUE(reaches(call(scene.outside, scene.pod_a)));
  EXPECT_TRUE(reaches(call(scene.node, scene.pod_a)));
}

TEST_P(XtablesPackets, OnlyThePeersOfARuleGetInAndOnlyToItsPort) {
  add_chain(rules, "p-in-web", add_peers(rules, "b", {&scene.pod_b}));
  isolate_a(std::vector<std::string>{"p-in-web"}, std::nullopt);
  EXPECT_TRUE(reaches(call(scene.pod_b, scene.pod_a)));
  EXPECT_TRUE(is_kept_from(call(scene.pod_b, scene.pod_a, kOther)));
  EXPECT_TRUE(is_kept_from(call(scene.pod_b, scene.pod_a, kWeb, false)));
  EXPECT_TRUE(is_kept_from(call(scene.outside, scene.pod_a)));
}

TEST_P(XtablesPackets, TheSourceMustBeAllowedToSendAndTheDestinationToReceive) {
  const Pair b = add_peers(rules, "b", {&scene.pod_b});
  const Pair a = add_peers(rules, "a", {&scene.pod_a});
  add_chain(rules, "p-in-a", b);
  add_chain(rules, "p-eg-b", a);
  netpol::Subject sender = subject_of(scene.pod_b);
  sender.egress.emplace();
  rules.subjects["b"] = sender;
  isolate_a(std::vector<std::string>{"p-in-a"}, std::nullopt);
  EXPECT_TRUE(is_kept_from(call(scene.pod_b, scene.pod_a))) << "its egress says no";

  rules.subjects["b"].egress = {"p-eg-b"};
  isolate_a(std::vector<std::string>(), std::nullopt);
  EXPECT_TRUE(is_kept_from(call(scene.pod_b, scene.pod_a))) << "the other's ingress says no";

  isolate_a(std::vector<std::string>{"p-in-a"}, std::nullopt);
  EXPECT_TRUE(reaches(call(scene.pod_b, scene.pod_a)));
}

TEST_P(XtablesPackets, PoliciesAddUp) {
  add_chain(rules, "p-in-1", add_peers(rules, "b", {&scene.pod_b}), kWeb);
  add_chain(rules, "p-in-2", add_peers(rules, "o", {&scene.outside}), kOther);
  isolate_a(std::vector<std::string>{"p-in-1", "p-in-2"}, std::nullopt);
  EXPECT_TRUE(reaches(call(scene.pod_b, scene.pod_a, kWeb)));
  EXPECT_TRUE(reaches(call(scene.outside, scene.pod_a, kOther)));
  EXPECT_TRUE(is_kept_from(call(scene.outside, scene.pod_a, kWeb)));
}

TEST_P(XtablesPackets, ARangeOfPortsHasBothItsEnds) {
  rules.chains["p-in"].rules = {{.protocol = IPPROTO_UDP, .first_port = 80, .last_port = 82}};
  isolate_a(std::vector<std::string>{"p-in"}, std::nullopt);
  EXPECT_TRUE(reaches(call(scene.outside, scene.pod_a, 80, false)));
  EXPECT_TRUE(reaches(call(scene.outside, scene.pod_a, 82, false)));
  EXPECT_TRUE(is_kept_from(call(scene.outside, scene.pod_a, 83, false)));
  EXPECT_TRUE(is_kept_from(call(scene.outside, scene.pod_a, 80, true)));
}

TEST_P(XtablesPackets, ANamedPortIsThatOfEachDestination) {
  for (const base::Family each : kFamilies) {
    netpol::Set named;
    named.kind = netpol::SetKind::kEndpoints;
    named.family = each;
    named.endpoints = {{address_of(scene.pod_b, each), IPPROTO_TCP, kOther}};
    const std::string name = each == base::Family::kIpv4 ? "n4-web" : "n6-web";
    rules.sets[name] = named;
    rules.chains["p-eg"].rules.push_back({.endpoints = name});
  }
  isolate_a(std::nullopt, std::vector<std::string>{"p-eg"});
  EXPECT_TRUE(reaches(call(scene.pod_a, scene.pod_b, kOther)));
  EXPECT_TRUE(is_kept_from(call(scene.pod_a, scene.pod_b, kWeb)));
  EXPECT_TRUE(is_kept_from(call(scene.pod_a, scene.outside, kOther)));
  EXPECT_TRUE(is_kept_from(call(scene.pod_a, scene.pod_b, kOther, false)));
}

TEST_P(XtablesPackets, AnIpBlockHasNotWhatItExcepts) {
  // All but pod B, in either family: up to the address before it, and from the one behind it.
  for (const base::Family each : kFamilies) {
    const base::IpAddress b = address_of(scene.pod_b, each);
    netpol::Set block;
    block.kind = netpol::SetKind::kNetworks;
    block.family = each;
    const base::IpAddress first = base::IpAddress::unspecified(each);
    block.networks = {{first, b.minus_one()}, {b.plus(1), first.minus_one()}};
    const std::string name = each == base::Family::kIpv4 ? "b4-all" : "b6-all";
    rules.sets[name] = block;
    rules.chains["p-eg"].rules.push_back({.peers = name});
  }
  isolate_a(std::nullopt, std::vector<std::string>{"p-eg"});
  EXPECT_TRUE(reaches(call(scene.pod_a, scene.outside)));
  EXPECT_TRUE(is_kept_from(call(scene.pod_a, scene.pod_b)));
}

TEST_P(XtablesPackets, ARuleForSctpLetsNoTcpIn) {
  rules.chains["p-in"].rules = {{.protocol = IPPROTO_SCTP, .first_port = kWeb, .last_port = kWeb}};
  isolate_a(std::vector<std::string>{"p-in"}, std::nullopt);
  EXPECT_TRUE(is_kept_from(call(scene.outside, scene.pod_a)));
  EXPECT_TRUE(is_kept_from(call(scene.outside, scene.pod_a, kWeb, false)));
}

TEST_P(XtablesPackets, WhatGoesOnIsKeptWhenAPolicyComes) {
  // From the first subject on the kernel keeps track of connections.
  rules.subjects["somebody"] = {.addresses = {ip("10.9.9.9"), ip("fd00:9::9")},
                                .ingress = std::vector<std::string>()};
  isolate_a(std::nullopt, std::nullopt);
  const base::UniqueFd there =
      catena::test::udp_socket(scene.pod_a.netns, address_of(scene.pod_a, family()));
  const base::UniqueFd here =
      catena::test::udp_socket(scene.outside.netns, address_of(scene.outside, family()));
  ASSERT_TRUE(catena::test::send_to_socket(here, there));
  ASSERT_TRUE(catena::test::send_to_socket(there, here));
  isolate_a(std::vector<std::string>(), std::vector<std::string>());
  EXPECT_TRUE(is_kept_from(call(scene.outside, scene.pod_a, kWeb, false)));
  char byte = 0;
  while (::recv(there.get(), &byte, 1, MSG_DONTWAIT) > 0) {
  }
  EXPECT_TRUE(catena::test::send_to_socket(here, there));
  pollfd waiting{there.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&waiting, 1, static_cast<int>(catena::test::kUntilItComes.count())), 1);
}

TEST_P(XtablesPackets, AClosedPodStillFindsItsNeighbours) {
  isolate_a(std::vector<std::string>(), std::vector<std::string>());
  if (family() == base::Family::kIpv6) {
    EXPECT_TRUE(
        catena::test::neighbour_answers(scene.pod_a.netns, "eth0", scene.pod_a.v6, ip("fe80::1")));
  }
  EXPECT_TRUE(reaches(call(scene.node, scene.pod_a)));
}

// Enough of them for the second level.
TEST_P(XtablesPackets, APodIsFoundAmongManyOthers) {
  for (int i = 0; i < 250; ++i) {
    netpol::Subject other;
    const auto far = static_cast<std::uint64_t>(10 + i);
    other.addresses = {ip("10.1.0.0").plus(far), ip("fd00:1::").plus(far)};
    other.ingress.emplace();
    rules.subjects["other" + std::to_string(i)] = other;
  }
  isolate_a(std::vector<std::string>(), std::nullopt);
  EXPECT_TRUE(is_kept_from(call(scene.outside, scene.pod_a)));
  EXPECT_TRUE(reaches(call(scene.outside, scene.pod_b)));
}

INSTANTIATE_TEST_SUITE_P(, XtablesPackets, testing::ValuesIn(kFamilies), [](const auto& one) {
  return one.param == base::Family::kIpv4 ? "Ipv4" : "Ipv6";
});

// In the pod's own namespace, as for a pod that has a NIC of its own.
TEST(XtablesPodNic, TheRulesOfOnePodsNicActInsideItsNamespace) {
  const Scene scene;
  netpol::Rules rules = only_b_to_a(scene);
  base::Status done;
  scene.pod_a.netns.run([&] {
    done =
        firewall::Xtables(catena::test::bin_dir() + "/catena-xtables").on_nic("eth0").sync(rules);
  });
  ASSERT_OK(done);
  for (const base::Family family : kFamilies) {
    EXPECT_TRUE(reaches({scene.pod_b, scene.pod_a, family}));
    EXPECT_TRUE(is_kept_from({scene.pod_b, scene.pod_a, family, kOther}));
    EXPECT_TRUE(is_kept_from({scene.outside, scene.pod_a, family}));
    EXPECT_TRUE(is_kept_from({scene.pod_a, scene.outside, family}));
    EXPECT_TRUE(reaches({scene.pod_a, scene.pod_a, family})) << "its own address, over lo";
  }
}

}  // namespace
}  // namespace catena::xtables::test
