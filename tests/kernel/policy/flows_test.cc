// What the API's text says of more than a first packet, of services, and of a pod's own addresses.
#include <memory>
#include <netinet/in.h>
#include <tuple>
#include <utility>

#include <gtest/gtest.h>

#include "tests/kernel/policy/enforcer.h"
#include "tests/support/probe.h"

namespace catena::test::netpol {
namespace {

using base::Family;
using base::IpAddress;

constexpr const char* kClosed = R"({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})";
constexpr const char* kFromB = R"({"podSelector": {"matchLabels": {"pod": "a"}},
    "policyTypes": ["Ingress", "Egress"],
    "ingress": [{"from": [{"podSelector": {"matchLabels": {"pod": "b"}}}]}]})";

// Of the node's table of services: an address for x/a, and its port, 80, under another number.
constexpr std::uint16_t kServicePort = 8000;

class NetpolFlows : public testing::TestWithParam<std::tuple<Way, Family>> {
 protected:
  static void SetUpTestSuite() {
    if (!rigs) {
      rigs = std::make_unique<Rigs>();
    }
  }

  Family family() const { return std::get<1>(GetParam()); }
  Rig& rig() const { return rigs->of(std::get<0>(GetParam())); }
  IpAddress at(const std::string& place) const { return address_at(place, family()); }
  void go_to(const std::vector<Change>& changes) {
    for (const Change& change : changes) {
      change(cluster);
    }
    enforcer.go_to(cluster);
  }

  // A flow from that port, which is new to this rig.
  Packet datagram(const std::string& from, const std::string& to, std::uint16_t port = 80) const {
    return packet({at(from), at(to), IPPROTO_UDP, port});
  }
  static Packet packet(const Flow& flow) {
    ++last;
    return {flow, static_cast<std::uint16_t>(20'000 + last), last};
  }
  static Packet again(Packet sent) {
    sent.number = ++last;
    return sent;
  }
  static Packet answer_to(const Packet& sent) {
    Packet made = again(sent);
    std::swap(made.flow.source, made.flow.destination);
    std::swap(made.flow.port, made.source_port);
    return made;
  }

  inline static std::unique_ptr<Rigs> rigs;
  inline static std::uint32_t last = 0;
  Cluster cluster = nine_pods();
  Enforcer enforcer{rig(), std::get<0>(GetParam())};
};

TEST_P(NetpolFlows, WhoeverMayAskIsAnsweredThoughTheAnswererMaySendNothing) {
  go_to({policy("x", "p", kFromB)});
  const Packet question = datagram("x/b", "x/a");
  EXPECT_TRUE(rig().arrives(question));
  EXPECT_TRUE(rig().arrives(answer_to(question)));
  EXPECT_FALSE(rig().arrives(datagram("x/a", "x/b")));
  EXPECT_FALSE(rig().arrives(answer_to(datagram("x/b", "x/a")))) << "to no question";
}

TEST_P(NetpolFlows, WhatRunsGoesOnWhenAPolicyForbidsIt) {
  go_to({policy("x", "p", kFromB)});
  const Packet question = datagram("x/b", "x/a");
  ASSERT_TRUE(rig().arrives(question));
  ASSERT_TRUE(rig().arrives(answer_to(question)));
  go_to({policy("x", "p", kClosed)});
  EXPECT_TRUE(rig().arrives(again(question)));
  EXPECT_TRUE(rig().arrives(answer_to(question)));
  EXPECT_FALSE(rig().arrives(datagram("x/b", "x/a")));
}

TEST_P(NetpolFlows, ErrorsAboutAnAllowedFlowArriveAndOthersDoNot) {
  go_to({policy("x", "p", R"({"podSelector": {}, "policyTypes": ["Ingress", "Egress"],
                             "egress": [{"ports": [{"protocol": "UDP"}]}]})")});
  // Of TCP the kernel would forget the flow as soon as it is refused.
  const Packet allowed = datagram("x/a", "outside");
  ASSERT_TRUE(rig().arrives(allowed));
  EXPECT_TRUE(rig().too_big_arrives(at("other"), allowed));
  EXPECT_FALSE(rig().too_big_arrives(at("other"), datagram("x/a", "outside")));
}

TEST_P(NetpolFlows, APodReachesItselfWhateverPoliciesSay) {
  go_to({policy("x", "p", kClosed)});
  EXPECT_TRUE(rig().arrives(datagram("x/a", "x/a")));
  EXPECT_FALSE(rig().arrives(datagram("x/a", "x/b")));
}

TEST_P(NetpolFlows, EachOfAPodsAddressesIsJudged) {
  const IpAddress second = at("x/a").plus(0x100);
  cluster["locals"][0]["addresses"].push_back(second.to_string());
  ASSERT_EQ(cluster["locals"][0]["id"], "xa");
  const auto reached_by = [&](const std::string& place) {
    return rig().arrives(packet({at(place), second, IPPROTO_TCP, 80}));
  };
  const auto reaches = [&](const std::string& place) {
    return rig().arrives(packet({second, at(place), IPPROTO_TCP, 80}));
  };
  go_to({policy("x", "p", kFromB)});
  EXPECT_TRUE(reached_by("x/b"));
  EXPECT_FALSE(reached_by("x/c"));
  EXPECT_FALSE(reaches("x/b"));
  go_to({policy("x", "p", R"({"podSelector": {"matchLabels": {"pod": "b"}},
      "ingress": [{"from": [{"podSelector": {"matchLabels": {"pod": "a"}}}]}]})")});
  EXPECT_TRUE(reaches("x/b")) << "as a peer too";
}

// IPv4's ARP meets no rules for IP.
class NetpolNeighbours : public NetpolFlows {};

TEST_P(NetpolNeighbours, FindEachOtherWhateverPoliciesSay) {
  go_to({policy("x", "p", kClosed)});
  EXPECT_TRUE(
      neighbour_answers(rig().pod("xa"), "eth0", at("x/a"), IpAddress::parse("fe80::1").value()));
}

class NetpolServices : public NetpolFlows {
 protected:
  void SetUp() override {
    const bool v4 = family() == Family::kIpv4;
    const std::string address = v4 ? "ip" : "ip6";
    const std::string backend = at("x/a").to_string();
    rig().node().sh(
        "nft 'add table inet services; add chain inet services entry { type nat hook "
        "prerouting priority dstnat; }; add rule inet services entry " +
        address + " daddr " + service().to_string() + " udp dport " + std::to_string(kServicePort) +
        " dnat " + address + " to " + (v4 ? backend : "[" + backend + "]") + ":80'");
  }
  void TearDown() override { rig().node().sh("nft delete table inet services"); }

  IpAddress service() const {
    return IpAddress::parse(family() == Family::kIpv4 ? "10.96.0.1" : "fd00:96::1").value();
  }
  bool passes_by_service(const std::string& from) {
    return rig().arrives_at(at("x/a"), packet({at(from), service(), IPPROTO_UDP, kServicePort}));
  }
};

TEST_P(NetpolServices, TheWaysPortCountsAndNotTheServices) {
  const std::string begin = R"({"podSelector": {"matchLabels": {"pod": "a"}},
      "ingress": [{"ports": [{"protocol": "UDP", "port": )";
  go_to({policy("x", "p", begin + "80}]}]}")});
  EXPECT_TRUE(passes_by_service("y/a"));
  EXPECT_TRUE(passes_by_service("outside"));
  go_to({policy("x", "p", begin + "8000}]}]}")});
  EXPECT_FALSE(passes_by_service("y/a"));
  EXPECT_FALSE(passes_by_service("outside"));
}

TEST_P(NetpolServices, TheWaysAddressCountsAndNotTheServices) {
  const auto only_to = [](const IpAddress& address) {
    return policy("y", "p",
                  R"({"podSelector": {}, "policyTypes": ["Egress"],
        "egress": [{"to": [{"ipBlock": {"cidr": ")" +
                      base::Prefix::host(address).to_string() + R"("}}]}]})");
  };
  go_to({only_to(service())});
  EXPECT_FALSE(passes_by_service("y/a"));
  go_to({only_to(at("x/a"))});
  EXPECT_TRUE(passes_by_service("y/a"));
}

const auto kFamilies = testing::Values(Family::kIpv4, Family::kIpv6);
std::string name_of_way(const testing::TestParamInfo<std::tuple<Way, Family>>& tested) {
  return test_name(std::get<0>(tested.param),
                   std::get<1>(tested.param) == Family::kIpv4 ? "IPv4" : "IPv6");
}
const auto kWaysOfFlows = testing::Values(Way::kNftables, Way::kIptables, Way::kNftablesInPods);
INSTANTIATE_TEST_SUITE_P(, NetpolFlows, testing::Combine(kWaysOfFlows, kFamilies), name_of_way);
INSTANTIATE_TEST_SUITE_P(, NetpolNeighbours,
                         testing::Combine(kWaysOfFlows, testing::Values(Family::kIpv6)),
                         name_of_way);
// Not in pods: at a pod's own NIC nothing is translated yet that the node translates.
INSTANTIATE_TEST_SUITE_P(, NetpolServices,
                         testing::Combine(testing::ValuesIn(kOnTheNode), kFamilies), name_of_way);

}  // namespace
}  // namespace catena::test::netpol
