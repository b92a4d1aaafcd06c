// The rule model as rules of iptables.
#include "xtables/layout.h"

#include <algorithm>
#include <netinet/in.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xtables/ipset.h"

namespace catena::xtables {
namespace {

using base::Family;
using testing::ElementsAre;
using testing::IsEmpty;

base::IpAddress ip(const std::string& text) { return base::IpAddress::parse(text).value(); }

netpol::Rules of_subjects(const std::vector<base::IpAddress>& addresses) {
  netpol::Rules rules;
  for (const base::IpAddress& address : addresses) {
    netpol::Subject subject;
    subject.addresses = {address};
    subject.ingress.emplace();
    rules.subjects[std::to_string(rules.subjects.size())] = subject;
  }
  return rules;
}

// Rules that a packet for the address passes, at worst all of each chain that it comes to.
std::size_t longest_way(const Chains& chains) {
  std::size_t largest = 0;
  for (const auto& [name, rules] : chains) {
    if (name.starts_with("CATENA-IA-")) {
      largest = std::max(largest, rules.size());
    }
  }
  return chains.at("CATENA-INGRESS").size() + largest;
}

std::vector<Member> cut(const std::string& first, const std::string& last) {
  netpol::Set set;
  set.kind = netpol::SetKind::kNetworks;
  set.family = ip(first).family();
  set.networks = {{ip(first), ip(last)}};
  return members_of(set);
}

std::vector<std::string> texts(const std::vector<Member>& members) {
  std::vector<std::string> found;
  for (const Member& member : members) {
    found.push_back(base::Prefix(member.address, member.length).to_string());
  }
  return found;
}

TEST(XtablesLayout, TwoHundredAndFiftyPodsOfASubnetAreFoundWithinThirtyTwoRules) {
  std::vector<base::IpAddress> pods;
  for (std::uint64_t i = 0; i < 250; ++i) {
    pods.push_back(ip("10.1.0.2").plus(i));
  }
  const Layout layout = layout_of(of_subjects(pods), Family::kIpv4).value();
  EXPECT_LE(longest_way(paths_of(layout.isolations, Family::kIpv4, "")), 32U);
}

TEST(XtablesLayout, PodsOfScatteredAddressesAreFoundSoonToo) {
  std::vector<base::IpAddress> pods;
  for (std::uint64_t i = 0; i < 250; ++i) {
    pods.push_back(ip("fd00:1::").plus(i * 7919));
  }
  const Layout layout = layout_of(of_subjects(pods), Family::kIpv6).value();
  EXPECT_LE(longest_way(paths_of(layout.isolations, Family::kIpv6, "")), 60U);
}

TEST(XtablesLayout, EveryIsolatedAddressIsInItsChain) {
  std::vector<base::IpAddress> pods;
  for (std::uint64_t i = 0; i < 100; ++i) {
    pods.push_back(ip("10.1.0.0").plus(i * i));
  }
  const Layout layout = layout_of(of_subjects(pods), Family::kIpv4).value();
  const Chains chains = paths_of(layout.isolations, Family::kIpv4, "");
  std::size_t found = 0;
  for (const auto& [name, rules] : chains) {
    found += static_cast<std::size_t>(std::ranges::count_if(rules, [&](const Rule& rule) {
      return rule.destination.has_value() && layout.lists.contains(rule.target);
    }));
  }
  EXPECT_EQ(found, pods.size());
}

TEST(XtablesLayout, SubjectsWithTheSamePoliciesShareAChain) {
  netpol::Rules rules = of_subjects({ip("10.1.0.1"), ip("10.1.0.2"), ip("10.1.0.3")});
  rules.chains["p"].rules = {{.protocol = IPPROTO_TCP, .first_port = 80, .last_port = 80}};
  rules.subjects["0"].ingress = {"p"};
  rules.subjects["1"].ingress = {"p"};
  EXPECT_EQ(layout_of(rules, Family::kIpv4).value().lists.size(), 2U);
}

TEST(XtablesLayout, AFamilyThatASubjectHasNoAddressOfHasNoRules) {
  const netpol::Rules rules = of_subjects({ip("10.1.0.1")});
  const Layout layout = layout_of(rules, Family::kIpv6).value();
  EXPECT_THAT(layout.isolations, IsEmpty());
  EXPECT_THAT(layout.lists, IsEmpty());
}

TEST(XtablesLayout, ARuleIsInTheFamilyOfItsSets) {
  netpol::Rules rules = of_subjects({ip("10.1.0.1"), ip("fd00::1")});
  rules.sets["s6"].family = Family::kIpv6;
  rules.chains["p"].rules = {{.peers = "s6"}};
  rules.subjects["0"].ingress = {"p"};
  rules.subjects["1"].ingress = {"p"};
  for (const auto& [family, count] : {std::pair{Family::kIpv4, 1U}, {Family::kIpv6, 2U}}) {
    const Layout layout = layout_of(rules, family).value();
    ASSERT_EQ(layout.lists.size(), 1U);
    EXPECT_EQ(layout.lists.begin()->second.size(), count);
  }
}

TEST(XtablesLayout, NamesAreNoLongerThanTheKernelTakes) {
  netpol::Rules rules = of_subjects({ip("fd00::1")});
  const Layout layout = layout_of(rules, Family::kIpv6).value();
  for (const auto& [name, list] : layout.lists) {
    EXPECT_LE(name.size(), 28U);
  }
  EXPECT_LE(set_name(std::string(24, 'x')).size(), 31U);
}

TEST(XtablesMembers, ARangeIsCutIntoTheFewestNetworks) {
  EXPECT_THAT(texts(cut("10.0.0.0", "10.0.0.255")), ElementsAre("10.0.0.0/24"));
  EXPECT_THAT(texts(cut("10.0.0.1", "10.0.0.4")),
              ElementsAre("10.0.0.1/32", "10.0.0.2/31", "10.0.0.4/32"));
  EXPECT_THAT(texts(cut("255.255.255.255", "255.255.255.255")), ElementsAre("255.255.255.255/32"));
}

TEST(XtablesMembers, EverythingIsTwoHalves) {
  EXPECT_THAT(texts(cut("0.0.0.0", "255.255.255.255")), ElementsAre("0.0.0.0/1", "128.0.0.0/1"));
  EXPECT_THAT(texts(cut("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")),
              ElementsAre("::/1", "8000::/1"));
}

}  // namespace
}  // namespace catena::xtables
