#include "tests/support/netpol/story.h"

namespace catena::test::netpol {
namespace {

constexpr auto kIcmp = std::uint8_t{IPPROTO_ICMP};

constexpr const char* kClosed = R"({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})";
constexpr const char* kFromX = R"({"podSelector": {"matchLabels": {"pod": "a"}},
    "policyTypes": ["Ingress"],
    "ingress": [{"from": [{"podSelector": {}}]}]})";

std::vector<Story> node() {
  return {
      {"the pod's own node is always let in, and not let out to",
       {{{policy("x", "p", kClosed)},
         {{.lines = {"deny * > x/*", "deny x/* > *", "allow node > x/a", "allow node > x/b",
                     "deny x/a > node", "deny other > x/a"}},
          {.protocol = kIcmp,
           .port = 0,
           .lines = {"deny * > x/*", "deny x/* > *", "allow node > x/a", "deny x/a > node"}}}}}},
      {"egress to the node by its address",
       {{{policy("x", "p", R"({"podSelector": {}, "policyTypes": ["Egress"],
            "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.1/32"}},
                               {"ipBlock": {"cidr": "fd00::1/128"}}]}]})")},
         {{.lines = {"deny x/* > *", "allow x/a > node", "deny x/a > other",
                     "deny x/a > outside"}}}}}},
      {"a pod on the host's network is no subject, and its policies isolate no node",
       {{{pod("far/r", R"({"spec": {"hostNetwork": true},
                           "status": {"podIPs": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}]}})"),
          policy("far", "p", kClosed)},
         {{.lines = {"allow node > x/a", "allow x/a > node"}}}}}},
      {"what no policy selects is open to all",
       {{{policy("x", "p", kClosed)},
         {{.lines = {"deny * > x/*", "deny x/* > *", "allow outside > y/a", "allow y/a > outside",
                     "allow y/a > node", "allow far/r > y/b", "allow y/b > far/r"}}}}}},
  };
}

std::vector<Story> lives() {
  const Change ended = pod("x/b", R"({"status": {"phase": "Succeeded"}})");
  return {
      {"a pod that has ended is no peer",
       {{{policy("x", "p", kFromX)}, {{.lines = {"deny * > x/a", "allow x/* > x/a"}}}},
        {{ended}, {{.lines = {"deny * > x/a", "allow x/c > x/a"}}}},
        {{pod("x/b", R"({"status": {"phase": "Failed"}})")},
         {{.lines = {"deny * > x/a", "allow x/c > x/a"}}}}}},
      {"a pod that has ended is no subject",
       {{{policy("x", "p", kClosed), pod("x/a", R"({"status": {"phase": "Succeeded"}})")},
         {{.lines = {"deny * > x/*", "deny x/* > *", "allow * > x/a", "allow x/a > *",
                     "deny x/a > x/b", "deny x/a > x/c", "deny x/b > x/a", "deny x/c > x/a"}}}}}},
      {"a pod that is being ended is subject and peer",
       {{{policy("x", "p", kFromX),
          pod("x/b", R"({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}})"),
          pod("x/a", R"({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}})")},
         {{.lines = {"deny * > x/a", "allow x/* > x/a"}}}}}},
      {"a pod without an address is no peer, and one with it is",
       {{{policy("x", "p", R"({"podSelector": {"matchLabels": {"pod": "a"}},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"ns": "far"}}}]}]})"),
          pod("far/r", R"({"status": {"podIPs": null}})")},
         {{.lines = {"deny * > x/a", "deny far/r > x/a"}}}},
        {{pod("far/r", R"({"status": {"podIPs": [{"ip": "10.1.2.1"}, {"ip": "fd00:2::1"}]}})")},
         {{.lines = {"deny * > x/a", "allow far/r > x/a"}}}},
        {{no_pod("far/r")}, {{.lines = {"deny * > x/a", "deny far/r > x/a"}}}}}},
      {"an address that only its node knows is the pod's as others are",
       {{{pod("y/a", R"({"status": {"podIPs": [{"ip": "10.1.0.4"}]}})"),
          policy("x", "p", R"({"podSelector": {"matchLabels": {"pod": "a"}},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"ns": "y"}}}]}]})")},
         {{.lines = {"deny * > x/a", "allow y/* > x/a"}}}},
        {{no_policy("x", "p"), policy("y", "p", kClosed)},
         {{.lines = {"deny * > y/*", "deny y/* > *", "allow node > y/a"}}}}}},
      {"a pod that the API server does not know is closed",
       {{{no_pod("x/a")},
         {{.lines = {"deny * > x/a", "deny x/a > *", "allow node > x/a", "deny x/a > outside"}}}},
        {{pod("x/a", "{}")}, {{.lines = {"allow x/a > outside"}}}}}},
  };
}

std::vector<Story> labels() {
  const std::string by_label = R"({"podSelector": {"matchLabels": {"pod": "a"}},
      "policyTypes": ["Ingress"],
      "ingress": [{"from": [{"podSelector": {"matchLabels": {"access": "true"}}}]}]})";
  return {
      {"a pod's new label counts where it is a peer",
       {{{policy("x", "p", by_label)}, {{.lines = {"deny * > x/a"}}}},
        {{pod("x/b", R"({"metadata": {"labels": {"access": "true"}}})")},
         {{.lines = {"deny * > x/a", "allow x/b > x/a"}}}},
        {{pod("x/b", R"({"metadata": {"labels": {"access": null}}})")},
         {{.lines = {"deny * > x/a"}}}}}},
      {"a pod's new label counts where it is the subject",
       {{{policy("x", "p", by_label)}, {{.lines = {"deny * > x/a"}}}},
        {{pod("x/a", R"({"metadata": {"labels": {"pod": "other"}}})"),
          pod("x/c", R"({"metadata": {"labels": {"pod": "a"}}})")},
         {{.lines = {"deny * > x/c"}}}}}},
      {"a namespace's new label counts",
       {{{policy("x", "p", R"({"podSelector": {"matchLabels": {"pod": "a"}},
            "policyTypes": ["Egress"],
            "egress": [{"to": [{"namespaceSelector": {"matchLabels": {"open": "yes"}}}]}]})")},
         {{.lines = {"deny x/a > *"}}}},
        {{space("z", R"({"metadata": {"labels": {"open": "yes"}}})")},
         {{.lines = {"deny x/a > *", "allow x/a > z/*"}}}},
        {{space("z", R"({"metadata": {"labels": {"open": "no"}}})")},
         {{.lines = {"deny x/a > *"}}}}}},
  };
}

}  // namespace

std::vector<Story> life_stories() {
  std::vector<Story> all = node();
  for (const std::vector<Story>& some : {lives(), labels()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

}  // namespace catena::test::netpol
