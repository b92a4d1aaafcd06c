#include "tests/support/netpol/story.h"

namespace catena::test::netpol {
namespace {

constexpr auto kUdp = std::uint8_t{IPPROTO_UDP};
constexpr auto kSctp = std::uint8_t{IPPROTO_SCTP};
constexpr auto kIcmp = std::uint8_t{IPPROTO_ICMP};

using Lines = std::vector<std::string>;

const Lines kNone{"deny * > x/a"};
const Lines kAll{};

Change let_in(const std::string& ports) {
  return policy("x", "p",
                R"({"podSelector": {"matchLabels": {"pod": "a"}},
                              "policyTypes": ["Ingress"], "ingress": [{"ports": )" +
                    ports + "}]}");
}

Change let_out(const std::string& rule) {
  return policy("x", "p",
                R"({"podSelector": {"matchLabels": {"pod": "a"}},
                              "policyTypes": ["Egress"], "egress": [)" +
                    rule + "]}");
}

// What the pod serves, instead of what the nine serve.
Change serves(const std::string& place, const std::string& ports) {
  return pod(place, R"({"spec": {"containers": [{"name": "c", "ports": )" + ports + "}]}}");
}

std::vector<Story> numbers() {
  return {
      {"the protocol is TCP where none is named",
       {{{let_in(R"([{"port": 80}])")},
         {{.lines = kAll}, {.port = 81, .lines = kNone}, {.protocol = kUdp, .lines = kNone}}}}},
      {"a protocol without a port is all its ports",
       {{{let_in(R"([{"protocol": "UDP"}])")},
         {{.lines = kNone},
          {.protocol = kUdp, .lines = kAll},
          {.protocol = kUdp, .port = 81, .lines = kAll},
          {.protocol = kSctp, .lines = kNone}}}}},
      {"an empty port is all of TCP",
       {{{let_in(R"([{}])")},
         {{.lines = kAll}, {.port = 81, .lines = kAll}, {.protocol = kUdp, .lines = kNone}}}}},
      {"endPort is counted in",
       {{{let_in(R"([{"port": 81, "endPort": 8080}])")},
         {{.lines = kNone},
          {.port = 81, .lines = kAll},
          {.port = 8080, .lines = kAll},
          {.port = 8081, .lines = kNone},
          {.protocol = kUdp, .port = 81, .lines = kNone}}},
        {{let_in(R"([{"port": 80, "endPort": 80}])")},
         {{.lines = kAll}, {.port = 81, .lines = kNone}}}}},
      {"a rule for a port is none for ICMP, and one without ports is",
       {{{let_in(R"([{"port": 80}])")}, {{.protocol = kIcmp, .port = 0, .lines = kNone}}},
        {{let_in("[]")}, {{.protocol = kIcmp, .port = 0, .lines = kAll}}}}},
      {"SCTP by its port",
       {{{let_in(R"([{"port": 80, "protocol": "SCTP"}])")},
         {{.lines = kNone},
          {.protocol = kSctp, .lines = kAll},
          {.protocol = kSctp, .port = 81, .lines = kNone}}}}},
  };
}

std::vector<Story> names_in() {
  return {
      {"a named port of ingress is the selected pod's own",
       {{{serves("x/a", R"([{"name": "web", "containerPort": 81}])"),
          serves("x/b", R"([{"name": "web", "containerPort": 80}])"),
          policy("x", "p", R"({"podSelector": {}, "policyTypes": ["Ingress"],
                              "ingress": [{"ports": [{"port": "web"}]}]})")},
         {{.lines = {"deny * > x/*", "allow * > x/b"}},
          {.port = 81, .lines = {"deny * > x/*", "allow * > x/a", "allow outside > x/a"}}}}}},
      {"a named port of another protocol is none",
       {{{serves("x/a", R"([{"name": "web", "containerPort": 80, "protocol": "UDP"}])"),
          let_in(R"([{"port": "web", "protocol": "TCP"}])")},
         {{.lines = kNone}, {.protocol = kUdp, .lines = kNone}}},
        {{let_in(R"([{"port": "web", "protocol": "UDP"}])")},
         {{.lines = kNone}, {.protocol = kUdp, .lines = kAll}}}}},
      {"one name for several numbers, of several containers",
       {{{pod("x/a", R"({"spec": {
            "containers": [{"name": "c", "ports": [{"name": "web", "containerPort": 80}]},
                           {"name": "d", "ports": [{"name": "web", "containerPort": 8080}]}],
            "initContainers": [{"name": "i", "restartPolicy": "Always",
                                "ports": [{"name": "web", "containerPort": 8081}]}]}})"),
          let_in(R"([{"port": "web"}])")},
         {{.lines = kAll},
          {.port = 81, .lines = kNone},
          {.port = 8080, .lines = kAll},
          {.port = 8081, .lines = kAll}}}}},
      {"a name that nobody has allows nothing, and isolates",
       {{{let_in(R"([{"port": "nobodys"}])")}, {{.lines = kNone}}}}},
  };
}

std::vector<Story> names_out() {
  const Change web_at_80 = serves("y/a", R"([{"name": "web", "containerPort": 80}])");
  const Change web_at_81 = serves("y/b", R"([{"name": "web", "containerPort": 81}])");
  return {
      {"a named port of egress is each peer's own",
       {{{web_at_80, web_at_81,
          let_out(R"({"to": [{"namespaceSelector": {"matchLabels": {"ns": "y"}}}],
                      "ports": [{"port": "web"}]})")},
         {{.lines = {"deny x/a > *", "allow x/a > y/a"}},
          {.port = 81, .lines = {"deny x/a > *", "allow x/a > y/b"}},
          {.protocol = kUdp, .lines = {"deny x/a > *"}}}}}},
      {"a named port of egress to anybody is that of any pod, and of nobody outside",
       {{{web_at_80, web_at_81, let_out(R"({"ports": [{"port": "web"}]})")},
         {{.lines = {"deny x/a > *", "allow x/a > y/a", "deny x/a > outside", "deny x/a > node"}},
          {.port = 81, .lines = {"deny x/a > *", "allow x/a > y/b", "deny x/a > outside"}}}}}},
      {"a named port never matches an ipBlock",
       {{{web_at_80, let_out(R"({"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}},
                                        {"ipBlock": {"cidr": "::/0"}}],
                                 "ports": [{"port": "web"}, {"port": 81}]})")},
         {{.lines = {"deny x/a > *", "deny x/a > outside"}},
          {.port = 81, .lines = {"allow x/a > outside"}}}}}},
  };
}

}  // namespace

std::vector<Story> port_stories() {
  std::vector<Story> all = numbers();
  for (const std::vector<Story>& some : {names_in(), names_out()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

}  // namespace catena::test::netpol
