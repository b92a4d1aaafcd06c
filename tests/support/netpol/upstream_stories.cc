#include "tests/support/netpol/story.h"

namespace catena::test::netpol {
namespace {

constexpr auto kTcp = std::uint8_t{IPPROTO_TCP};
constexpr auto kUdp = std::uint8_t{IPPROTO_UDP};
constexpr auto kSctp = std::uint8_t{IPPROTO_SCTP};

using Lines = std::vector<std::string>;

// One policy for x/a (its pod selector is left out of `rules`), and who reaches whom then on port
// 80 by TCP.
Story one_policy(const std::string& name, const std::string& rules, const Lines& lines) {
  return {name,
          {{{policy("x", "p", R"({"podSelector": {"matchLabels": {"pod": "a"}}, )" + rules + "}")},
            {{.lines = lines}}}}};
}

std::string from(const std::string& peers) {
  return R"("policyTypes": ["Ingress"], "ingress": [{"from": )" + peers + "}]";
}

std::string ingress_ports(const std::string& ports) {
  return R"("policyTypes": ["Ingress"], "ingress": [{"ports": )" + ports + "}]";
}

std::string to(const std::string& peers) {
  return R"("policyTypes": ["Egress"], "egress": [{"to": )" + peers + "}]";
}

constexpr const char* kDenyIngress = R"({"podSelector": {}, "policyTypes": ["Ingress"]})";
constexpr const char* kDenyEgress = R"({"podSelector": {}, "policyTypes": ["Egress"]})";
constexpr const char* kDenyAll = R"({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})";

std::vector<Story> whole_namespaces() {
  return {
      {"default-deny-ingress", {{{policy("x", "p", kDenyIngress)}, {{.lines = {"deny * > x/*"}}}}}},
      {"default-deny-all",
       {{{policy("x", "p", kDenyAll)}, {{.lines = {"deny * > x/*", "deny x/* > *"}}}}}},
      {"allow ingress for a target",
       {{{policy("x", "deny", kDenyIngress),
          policy("x", "allow", R"({"podSelector": {"matchLabels": {"pod": "a"}},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"podSelector": {}, "namespaceSelector": {}}]}]})")},
         {{.lines = {"deny * > x/*", "allow * > x/a"}}}}}},
      {"deny ingress from other namespaces",
       {{{policy("x", "p", R"({"podSelector": {}, "policyTypes": ["Ingress"],
                              "ingress": [{"from": [{"podSelector": {}}]}]})")},
         {{.lines = {"deny y/* > x/*", "deny z/* > x/*"}}}}}},
      {"deny egress from all pods in a namespace",
       {{{policy("x", "p", kDenyEgress)}, {{.lines = {"deny x/* > *"}}}}}},
      {"allow-all",
       {{{policy("x", "p", R"({"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]})")},
         {{.lines = {}}, {.port = 81, .lines = {}}}}}},
      {"ingress allow-all takes precedence",
       {{{policy("x", "deny", kDenyIngress)}, {{.lines = {"deny * > x/*"}}}},
        {{policy("x", "allow",
                 R"({"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]})")},
         {{.lines = {}}}}}},
      {"egress allow-all takes precedence",
       {{{policy("x", "deny", kDenyEgress)}, {{.lines = {"deny x/* > *"}}}},
        {{policy("x", "allow",
                 R"({"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]})")},
         {{.lines = {}}}}}},
      {"stop enforcing after deletion",
       {{{policy("x", "p", kDenyAll)}, {{.lines = {"deny * > x/*", "deny x/* > *"}}}},
        {{no_policy("x", "p")}, {{.lines = {}}}}}},
  };
}

std::vector<Story> selectors() {
  const Lines only_y{"deny * > x/a", "allow y/* > x/a"};
  return {
      one_policy("allow from pods within server namespace by PodSelector",
                 from(R"([{"podSelector": {"matchLabels": {"pod": "b"}}}])"),
                 {"deny * > x/a", "allow x/b > x/a"}),
      one_policy("allow ingress from pods in all namespaces",
                 from(R"([{"namespaceSelector": {}}])"), {}),
      one_policy("only from a different namespace by NamespaceSelector",
                 from(R"([{"namespaceSelector": {"matchLabels": {"ns": "y"}}}])"), only_y),
      one_policy("PodSelector with MatchExpressions", from(R"([{"podSelector": {"matchExpressions":
                      [{"key": "pod", "operator": "In", "values": ["b"]}]}}])"),
                 {"deny * > x/a", "allow x/b > x/a"}),
      one_policy("NamespaceSelector with MatchExpressions",
                 from(R"([{"namespaceSelector": {"matchExpressions":
                      [{"key": "ns", "operator": "In", "values": ["y"]}]}}])"),
                 only_y),
      one_policy("PodSelector or NamespaceSelector",
                 from(R"([{"namespaceSelector": {"matchLabels": {"ns": "y"}}},
                          {"podSelector": {"matchLabels": {"pod": "b"}}}])"),
                 {"deny * > x/a", "allow y/* > x/a", "allow x/b > x/a"}),
      one_policy("PodSelector and NamespaceSelector",
                 from(R"([{"namespaceSelector": {"matchLabels": {"ns": "y"}},
                           "podSelector": {"matchLabels": {"pod": "b"}}}])"),
                 {"deny * > x/a", "allow y/b > x/a"}),
      one_policy("Multiple PodSelectors and NamespaceSelectors",
                 from(R"([{"namespaceSelector": {"matchExpressions":
                             [{"key": "ns", "operator": "NotIn", "values": ["x"]}]},
                           "podSelector": {"matchExpressions":
                             [{"key": "pod", "operator": "In", "values": ["b", "c"]}]}}])"),
                 {"deny * > x/a", "allow y/b > x/a", "allow y/c > x/a", "allow z/b > x/a",
                  "allow z/c > x/a"}),
      one_policy("any PodSelectors", from(R"([{"podSelector": {"matchLabels": {"pod": "b"}}},
                          {"podSelector": {"matchLabels": {"pod": "c"}}}])"),
                 {"deny * > x/a", "allow x/b > x/a", "allow x/c > x/a"}),
      one_policy("only from a pod in a different namespace by both selectors",
                 from(R"([{"namespaceSelector": {"matchLabels": {"ns": "y"}},
                           "podSelector": {"matchLabels": {"pod": "a"}}}])"),
                 {"deny * > x/a", "allow y/a > x/a"}),
      one_policy("NamespaceSelector MatchLabels default ns label", from(R"([{"namespaceSelector":
                             {"matchLabels": {"kubernetes.io/metadata.name": "y"}}}])"),
                 only_y),
      one_policy("NamespaceSelector MatchExpressions default ns label",
                 from(R"([{"namespaceSelector": {"matchExpressions": [{"operator": "NotIn",
                             "key": "kubernetes.io/metadata.name", "values": ["x", "z"]}]}}])"),
                 only_y),
  };
}

std::vector<Story> ports() {
  const Lines none{"deny * > x/a"};
  const Lines from_y{"deny * > x/a", "allow y/* > x/a"};
  const std::string a = R"({"podSelector": {"matchLabels": {"pod": "a"}}, )";
  const auto y_on = [&](const std::string& port) {
    return a + R"("policyTypes": ["Ingress"],
                "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"ns": "y"}}}],
                             "ports": [{"port": )" +
           port + "}]}]}";
  };
  return {
      {"Ports",
       {{{policy("x", "p", y_on("81"))}, {{.port = 81, .lines = from_y}, {.lines = none}}}}},
      {"multiple stacked policies with overlapping podSelectors",
       {{{policy("x", "p", y_on("81"))}, {{.port = 81, .lines = from_y}, {.lines = none}}},
        {{policy("x", "q", y_on("80"))}, {{.port = 81, .lines = from_y}, {.lines = from_y}}}}},
      {"ingress on one named port",
       {{{policy("x", "p", a + ingress_ports(R"([{"port": "serve-81-tcp"}])") + "}")},
         {{.port = 81, .lines = {}}, {.lines = none}}}}},
      {"ingress from namespace on one named port",
       {{{policy("x", "p", y_on(R"("serve-80-tcp")"))},
         {{.lines = from_y}, {.port = 81, .lines = none}}}}},
      {"egress on one named port",
       {{{policy("x", "p", a + R"("policyTypes": ["Egress"],
                                "egress": [{"ports": [{"port": "serve-80-tcp"}]}]})")},
         {{.lines = {}}, {.port = 81, .lines = {"deny x/a > *"}}}}}},
      {"any port on a specific protocol",
       {{{policy("x", "p", a + ingress_ports(R"([{"protocol": "TCP"}])") + "}")},
         {{.lines = {}}, {.port = 81, .lines = {}}, {.protocol = kUdp, .lines = none}}}}},
      {"SCTP not treated as TCP",
       {{{policy("x", "p", a + ingress_ports(R"([{"protocol": "SCTP", "port": 81}])") + "}")},
         {{.lines = none},
          {.port = 81, .lines = none},
          {.protocol = kSctp, .port = 81, .lines = {}}}}}},
      {"isolation by an SCTP policy",
       {{{policy("x", "p", a + ingress_ports(R"([{"protocol": "SCTP", "port": 80}])") + "}")},
         {{.lines = none}, {.protocol = kUdp, .lines = none}, {.protocol = kSctp, .lines = {}}}}}},
      {"UDP-only policy does not allow TCP",
       {{{policy("x", "p", a + ingress_ports(R"([{"protocol": "UDP", "port": 81}])") + "}")},
         {{.port = 81, .lines = none}, {.protocol = kUdp, .port = 81, .lines = {}}}}}},
  };
}

std::vector<Story> updates() {
  const std::string a = R"({"podSelector": {"matchLabels": {"pod": "a"}}, )";
  return {
      {"updated policy",
       {{{policy("x", "p", a + ingress_ports(R"([{"port": 81}])") + "}")},
         {{.port = 81, .lines = {}}, {.lines = {"deny * > x/a"}}}},
        {{policy("x", "p", a + ingress_ports(R"([{"port": 80}])") + "}")},
         {{.port = 81, .lines = {"deny * > x/a"}}, {.lines = {}}}}}},
      {"updated namespace",
       {{{policy(
             "x", "p",
             a + from(R"([{"namespaceSelector": {"matchLabels": {"ns2": "updated"}}}])") + "}")},
         {{.lines = {"deny * > x/a"}}}},
        {{space("y", R"({"metadata": {"labels": {"ns2": "updated"}}})")},
         {{.lines = {"deny * > x/a", "allow y/* > x/a"}}}}}},
      {"updated pod",
       {{{policy("x", "p",
                 a + from(R"([{"podSelector": {"matchLabels": {"pod2": "updated"}}}])") + "}")},
         {{.lines = {"deny * > x/a"}}}},
        {{pod("x/b", R"({"metadata": {"labels": {"pod2": "updated"}}})")},
         {{.lines = {"deny * > x/a", "allow x/b > x/a"}}}}}},
      {"deny ingress to updated pod",
       {{{policy("x", "p", R"({"podSelector": {"matchLabels": {"target": "isolated"}},
                              "policyTypes": ["Ingress"]})")},
         {{.lines = {}}}},
        {{pod("x/a", R"({"metadata": {"labels": {"target": "isolated"}}})")},
         {{.lines = {"deny * > x/a"}}}}}},
  };
}

std::vector<Story> egress() {
  const std::string y_a = R"([{"namespaceSelector": {"matchLabels": {"ns": "y"}},
                               "podSelector": {"matchLabels": {"pod": "a"}}}])";
  return {
      one_policy("deny egress by PodSelector", R"("policyTypes": ["Egress"])", {"deny x/a > *"}),
      {"Ingress and Egress together",
       {{{policy("x", "p", R"({"podSelector": {"matchLabels": {"pod": "a"}},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"ns": "y"}}}],
                         "ports": [{"port": 81}]}],
            "egress": [{"ports": [{"port": 80}]}]})")},
         {{.lines = {"deny * > x/a"}},
          {.port = 81, .lines = {"deny * > x/a", "allow y/* > x/a", "deny x/a > *"}}}}}},
      {"deny egress on the client side even if the server allows",
       {{{policy("y", "server", R"({"podSelector": {"matchLabels": {"pod": "b"}},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"ns": "x"}}}]}]})"),
          policy("x", "client",
                 R"({"podSelector": {"matchLabels": {"pod": "a"}}, )" + to(y_a) + "}")},
         {{.lines = {"deny * > y/b", "allow x/* > y/b", "deny x/a > *", "allow x/a > y/a"}}}}}},
      one_policy("egress to a server in a different namespace by both selectors", to(y_a),
                 {"deny x/a > *", "allow x/a > y/a"}),
      {"ingress and egress controlled independently",
       {{{policy("x", "in", R"({"podSelector": {"matchLabels": {"pod": "a"}},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"podSelector": {"matchLabels": {"pod": "b"}}}]}]})"),
          policy("x", "out", R"({"podSelector": {"matchLabels": {"pod": "a"}},
            "policyTypes": ["Egress"]})")},
         {{.lines = {"deny * > x/a", "allow x/b > x/a", "deny x/a > *"}}}}}},
  };
}

std::vector<Story> blocks() {
  const std::string open = R"({"podSelector": {"matchLabels": {"pod": "a"}}, )";
  const auto v4 = base::Family::kIpv4;
  const auto v6 = base::Family::kIpv6;
  return {
      {"egress to CIDR",
       {{{policy("x", "p",
                 open + to(R"([{"ipBlock": {"cidr": "10.1.0.5/32"}},
                                         {"ipBlock": {"cidr": "fd00:1::5/128"}}])") +
                     "}")},
         {{.lines = {"deny x/a > *", "allow x/a > y/b", "deny x/a > outside"}}}}}},
      {"except clause",
       {{{policy("x", "p",
                 open + to(R"([{"ipBlock": {"cidr": "10.1.0.0/24",
                                                      "except": ["10.1.0.5/32"]}}])") +
                     "}")},
         {{.family = v4, .lines = {"deny x/a > y/b", "deny x/a > outside"}},
          {.family = v6, .lines = {"deny x/a > *"}}}}}},
      {"overlap of CIDR and Except",
       {{{policy("x", "p",
                 open + to(R"([{"ipBlock": {"cidr": "10.1.0.0/24",
                                                      "except": ["10.1.0.5/32"]}}])") +
                     "}")},
         {{.family = v4, .lines = {"deny x/a > y/b"}}}},
        {{policy("x", "q", open + to(R"([{"ipBlock": {"cidr": "10.1.0.5/32"}}])") + "}")},
         {{.family = v4, .lines = {"deny x/a > outside"}}}}}},
  };
}

// The three that upstream has for UDP and SCTP again.
std::vector<Story> again(const std::string& name, std::uint8_t protocol) {
  const std::string text = name == "UDP" ? R"("UDP")" : R"("SCTP")";
  const std::string a = R"({"podSelector": {"matchLabels": {"pod": "a"}}, )";
  const Lines none{"deny * > x/a"};
  return {
      {name + ": default-deny-ingress",
       {{{policy("x", "p", kDenyIngress)}, {{.protocol = protocol, .lines = {"deny * > x/*"}}}}}},
      {name + ": Ports",
       {{{policy("x", "p",
                 a + R"("policyTypes": ["Ingress"],
            "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"ns": "y"}}}],
                         "ports": [{"port": 81, "protocol": )" +
                     text + "}]}]}")},
         {{.protocol = protocol, .port = 81, .lines = {"deny * > x/a", "allow y/* > x/a"}},
          {.protocol = protocol, .lines = none},
          {.protocol = kTcp, .port = 81, .lines = none}}}}},
      {name + ": different namespace by both selectors",
       {{{policy("x", "p",
                 a + R"("policyTypes": ["Ingress"],
            "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"ns": "y"}},
                                   "podSelector": {"matchLabels": {"pod": "a"}}}],
                         "ports": [{"port": 80, "protocol": )" +
                     text + "}]}]}")},
         {{.protocol = protocol, .lines = {"deny * > x/a", "allow y/a > x/a"}}}}}},
  };
}

}  // namespace

std::vector<Story> upstream_stories() {
  std::vector<Story> all;
  for (const std::vector<Story>& some :
       {whole_namespaces(), selectors(), ports(), updates(), egress(), blocks(), again("UDP", kUdp),
        again("SCTP", kSctp)}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

}  // namespace catena::test::netpol
