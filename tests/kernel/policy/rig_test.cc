// That the rig sees what passes and what does not, whoever decides it.
#include "tests/kernel/policy/rig.h"

#include <functional>
#include <netinet/in.h>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "common/base/text.h"
#include "tests/support/netpol/story.h"

namespace catena::test::netpol {
namespace {

using base::Family;

constexpr std::uint8_t kProtocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_ICMP};

// Each to each, as far as it can be asked, by all protocols.
std::vector<Flow> flows_between(const Rig& rig, const std::vector<std::string>& who) {
  std::vector<Flow> flows;
  for (const std::string& from : who) {
    for (const std::string& to : who) {
      for (const Family family : {Family::kIpv4, Family::kIpv6}) {
        for (const std::uint8_t protocol : kProtocols) {
          const bool icmp6 = protocol == IPPROTO_ICMP && family == Family::kIpv6;
          const Flow flow{.source = address_at(from, family),
                          .destination = address_at(to, family),
                          .protocol = icmp6 ? std::uint8_t{IPPROTO_ICMPV6} : protocol,
                          .port = protocol == IPPROTO_ICMP ? std::uint16_t{0} : std::uint16_t{80}};
          if (rig.can_ask(flow)) {
            flows.push_back(flow);
          }
        }
      }
    }
  }
  return flows;
}

std::vector<std::string> not_as(const std::vector<Flow>& flows, const std::vector<bool>& arrived,
                                const std::function<bool(const Flow&)>& expected) {
  std::vector<std::string> others;
  for (std::size_t at = 0; at < flows.size(); ++at) {
    if (arrived[at] != expected(flows[at])) {
      others.push_back(to_string(flows[at]));
    }
  }
  return others;
}

class PolicyRig : public testing::Test {
 protected:
  PolicyRig() { rig.seat(nine_pods()); }
  // Where the node's rules are these.
  std::vector<std::string> not_as_by(const std::vector<std::string>& chains,
                                     const std::function<bool(const Flow&)>& expected) {
    rig.node().sh("nft 'table inet t { " + base::join(chains, "; ") + "; }'");
    const std::vector<Flow> flows =
        flows_between(rig, {"x/a", "x/b", "far/r", "node", "other", "outside"});
    return not_as(flows, rig.arrive(flows), expected);
  }

  Rig rig;
};

TEST_F(PolicyRig, WithoutRulesAllArriveAndConnectionTrackingFindsThemSound) {
  EXPECT_EQ(not_as_by({"chain i { type filter hook input priority 0; ct state invalid drop; }",
                       "chain f { type filter hook forward priority 0; ct state invalid drop; }"},
                      [](const Flow&) { return true; }),
            std::vector<std::string>());
}

TEST_F(PolicyRig, WhatARuleDropsDoesNotArriveAndAllElseDoes) {
  const auto is_dropped = [this](const Flow& flow) {
    const bool forwarded = flow.source != flow.destination && !rig.is_node(flow.source) &&
                           !rig.is_node(flow.destination);
    return forwarded &&
           ((flow.destination == address_at("x/a", Family::kIpv4) &&
             flow.protocol == IPPROTO_UDP) ||
            (flow.source == address_at("outside", Family::kIpv6) && flow.protocol == IPPROTO_TCP) ||
            flow.protocol == IPPROTO_SCTP);
  };
  EXPECT_EQ(not_as_by({"chain f { type filter hook forward priority 0;"
                       " ip daddr 10.1.0.1 udp dport 80 drop; meta l4proto sctp drop;"
                       " ip6 saddr fd00:99::9 tcp dport 80 drop; }"},
                      [&](const Flow& flow) { return !is_dropped(flow); }),
            std::vector<std::string>());
}

TEST_F(PolicyRig, WhatTheNodeRefusesAtItsOwnDoorDoesNotArriveThere) {
  EXPECT_EQ(not_as_by({"chain i { type filter hook input priority 0; tcp dport 80 drop; }"},
                      [this](const Flow& flow) {
                        return flow.protocol != IPPROTO_TCP || !rig.is_node(flow.destination);
                      }),
            std::vector<std::string>());
}

TEST_F(PolicyRig, AnAddressMovesFromPodToPodAndOutOfTheNode) {
  Cluster cluster = nine_pods();
  auto& locals = cluster["locals"];
  ASSERT_EQ(locals[0]["id"], "xa");
  ASSERT_EQ(locals[1]["id"], "xb");
  std::swap(locals[0]["addresses"], locals[1]["addresses"]);
  locals.erase(2);
  rig.seat(cluster);
  const std::vector<Flow> flows = flows_between(rig, {"x/a", "x/b", "x/c", "outside"});
  EXPECT_EQ(not_as(flows, rig.arrive(flows), [](const Flow&) { return true; }),
            std::vector<std::string>());
}

}  // namespace
}  // namespace catena::test::netpol
