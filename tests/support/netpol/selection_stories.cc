#include "tests/support/netpol/story.h"

namespace catena::test::netpol {
namespace {

constexpr auto kUdp = std::uint8_t{IPPROTO_UDP};
constexpr auto kSctp = std::uint8_t{IPPROTO_SCTP};
constexpr auto kIcmp = std::uint8_t{IPPROTO_ICMP};

std::vector<Story> who_is_isolated() {
  return {
      {"a policy acts on the pods of its namespace that its podSelector matches",
       {{{policy("x", "p", R"({"podSelector": {"matchLabels": {"pod": "a"}},
                              "policyTypes": ["Ingress"]})")},
         {{.lines = {"deny * > x/a"}}}}}},
      {"an absent podSelector is all pods of the namespace",
       {{{policy("x", "p", R"({"policyTypes": ["Ingress"]})")}, {{.lines = {"deny * > x/*"}}}}}},
      {"an empty podSelector is all pods of the namespace",
       {{{policy("x", "p", R"({"podSelector": {}, "policyTypes": ["Ingress"]})")},
         {{.lines = {"deny * > x/*"}}}}}},
      {"isolation is per direction",
       {{{policy("x", "in", R"({"podSelector": {"matchLabels": {"pod": "a"}},
                               "policyTypes": ["Ingress"]})"),
          policy("x", "out", R"({"podSelector": {"matchLabels": {"pod": "b"}},
                                "policyTypes": ["Egress"]})")},
         {{.lines = {"deny * > x/a", "deny x/b > *"}}}}}},
      {"policies add up, and an empty one takes nothing away",
       {{{policy("x", "1", R"({"podSelector": {}, "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"podSelector": {"matchLabels": {"pod": "b"}}}]}]})"),
          policy("x", "2", R"({"podSelector": {"matchLabels": {"pod": "a"}},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"podSelector": {"matchLabels": {"pod": "c"}}}]}]})"),
          policy("x", "3", R"({"podSelector": {}, "policyTypes": ["Ingress"]})")},
         {{.lines = {"deny * > x/*", "allow x/b > x/*", "allow x/c > x/a"}}}}}},
      {"a connection needs both ends",
       {{{policy("x", "out", R"({"podSelector": {}, "policyTypes": ["Egress"],
            "egress": [{"to": [{"namespaceSelector": {"matchLabels": {"ns": "y"}}}]}]})"),
          policy("y", "in", R"({"podSelector": {}, "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"namespaceSelector": {},
                                   "podSelector": {"matchLabels": {"pod": "a"}}}]}]})")},
         {{.lines = {"deny x/* > *", "deny * > y/*", "allow x/a > y/*", "allow y/a > y/*",
                     "allow z/a > y/*"}}}}}},
  };
}

std::vector<Story> what_is_absent() {
  return {
      {"without policyTypes a policy is for ingress",
       {{{policy("x", "p", R"({"podSelector": {}})")}, {{.lines = {"deny * > x/*"}}}}}},
      {"without policyTypes an empty egress is no egress",
       {{{policy("x", "p", R"({"podSelector": {}, "egress": []})")},
         {{.lines = {"deny * > x/*"}}}}}},
      {"without policyTypes an egress rule is for egress too",
       {{{policy("x", "p", R"({"podSelector": {}, "egress": [
            {"to": [{"namespaceSelector": {"matchLabels": {"ns": "y"}}}]}]})")},
         {{.lines = {"deny * > x/*", "deny x/* > *", "allow x/* > y/*"}}}}}},
      {"rules of a direction that policyTypes leaves out say nothing",
       {{{policy("x", "p", R"({"podSelector": {}, "policyTypes": ["Egress"],
                              "ingress": [{"ports": [{"port": 1}]}]})")},
         {{.lines = {"deny x/* > *"}}}}}},
      {"ingress absent, null and empty allow nothing",
       {{{policy("x", "p", R"({"podSelector": {}, "policyTypes": ["Ingress"]})"),
          policy("y", "p", R"({"podSelector": {}, "policyTypes": ["Ingress"], "ingress": null})"),
          policy("z", "p", R"({"podSelector": {}, "policyTypes": ["Ingress"], "ingress": []})")},
         {{.lines = {"deny * > *", "deny outside > x/a", "deny outside > y/a",
                     "deny outside > z/a"}}}}}},
      {"one empty rule allows everything",
       {{{policy("x", "p", R"({"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]})")},
         {{.lines = {"allow outside > x/a"}},
          {.protocol = kUdp, .port = 81, .lines = {"allow other > x/a"}},
          {.protocol = kIcmp, .port = 0, .lines = {"allow far/r > x/a"}}}}}},
      {"no peers, or an empty list of them: anybody, in or out of the cluster",
       {{{policy("x", "p", R"({"podSelector": {}, "policyTypes": ["Ingress"],
                              "ingress": [{"ports": [{"port": 80}]}]})"),
          policy("y", "p", R"({"podSelector": {}, "policyTypes": ["Egress"],
                              "egress": [{"to": [], "ports": [{"port": 80}]}]})")},
         {{.lines = {"allow outside > x/a", "allow other > x/b", "allow far/r > x/c",
                     "allow y/a > outside", "allow y/a > node", "allow y/b > far/r"}},
          {.port = 81,
           .lines = {"deny * > x/*", "deny y/* > *", "deny outside > x/a", "deny other > x/b",
                     "deny far/r > x/c", "deny y/a > outside", "deny y/a > node",
                     "deny y/b > far/r"}}}}}},
      {"no ports, or an empty list of them: any port of any protocol",
       {{{policy("x", "p", R"({"podSelector": {}, "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"podSelector": {}}], "ports": []}]})")},
         {{.lines = {"deny * > x/*", "allow x/* > x/*"}},
          {.protocol = kUdp, .port = 81, .lines = {"deny * > x/*", "allow x/* > x/*"}},
          {.protocol = kSctp, .port = 81, .lines = {"deny * > x/*", "allow x/* > x/*"}},
          {.protocol = kIcmp, .port = 0, .lines = {"deny * > x/*", "allow x/* > x/*"}}}}}},
  };
}

}  // namespace

std::vector<Story> selection_stories() {
  std::vector<Story> all = who_is_isolated();
  const std::vector<Story> more = what_is_absent();
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace catena::test::netpol
