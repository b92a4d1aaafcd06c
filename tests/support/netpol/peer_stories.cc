#include "tests/support/netpol/story.h"

namespace catena::test::netpol {
namespace {

constexpr auto kV4 = base::Family::kIpv4;
constexpr auto kV6 = base::Family::kIpv6;

using Lines = std::vector<std::string>;

Change let_in(const std::string& peers) {
  return policy("x", "p",
                R"({"podSelector": {"matchLabels": {"pod": "a"}},
                              "policyTypes": ["Ingress"], "ingress": [{"from": )" +
                    peers + "}]}");
}

Story let_in_by(const std::string& name, const std::string& peers, const Lines& lines) {
  Lines all{"deny * > x/a"};
  all.insert(all.end(), lines.begin(), lines.end());
  return {name, {{{let_in(peers)}, {{.lines = all}}}}};
}

std::vector<Story> selectors() {
  return {
      let_in_by("podSelector alone: pods of the policy's namespace", R"([{"podSelector": {}}])",
                {"allow x/* > x/a"}),
      let_in_by("namespaceSelector alone: all pods of those namespaces",
                R"([{"namespaceSelector": {"matchLabels": {"ns": "y"}}}])", {"allow y/* > x/a"}),
      let_in_by("both in one entry: and",
                R"([{"namespaceSelector": {"matchLabels": {"ns": "y"}},
                     "podSelector": {"matchLabels": {"pod": "b"}}}])",
                {"allow y/b > x/a"}),
      let_in_by("two entries: or",
                R"([{"namespaceSelector": {"matchLabels": {"ns": "y"}}},
                    {"podSelector": {"matchLabels": {"pod": "b"}}}])",
                {"allow y/* > x/a", "allow x/b > x/a"}),
      let_in_by("an empty namespaceSelector is all namespaces, and no address outside the cluster",
                R"([{"namespaceSelector": {}}])",
                {"allow * > x/a", "allow far/r > x/a", "deny outside > x/a", "deny other > x/a"}),
      {"a pod on the host's network is no peer",
       {{{pod("far/r", R"({"spec": {"hostNetwork": true},
                           "status": {"podIPs": [{"ip": "10.0.0.2"}, {"ip": "fd00::2"}]}})"),
          let_in(R"([{"namespaceSelector": {}}])")},
         {{.lines = {"deny other > x/a"}}}}}},
      let_in_by("kubernetes.io/metadata.name is a label as others are",
                R"([{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "z"}}}])",
                {"allow z/* > x/a"}),
  };
}

std::vector<Story> expressions() {
  const Change labelled = pod("y/a", R"({"metadata": {"labels": {"tier": "db", "none": ""}}})");
  const Change other = pod("y/b", R"({"metadata": {"labels": {"tier": "web"}}})");
  const auto story = [&](const std::string& name, const std::string& selector, Lines lines) {
    lines.insert(lines.begin(), "deny * > x/a");
    return Story{name,
                 {{{labelled, other,
                    let_in(R"([{"namespaceSelector": {}, "podSelector": )" + selector + "}]")},
                   {{.lines = lines}}}}};
  };
  const auto expression = [](const std::string& op, const std::string& values) {
    return R"({"matchExpressions": [{"key": "tier", "operator": ")" + op + "\"" + values + "}]}";
  };
  return {
      story("In needs the key", expression("In", R"(, "values": ["db", "cache"])"),
            {"allow y/a > x/a"}),
      story("NotIn matches what has no such key", expression("NotIn", R"(, "values": ["db"])"),
            {"allow * > x/a", "deny y/a > x/a"}),
      story("Exists", expression("Exists", ""), {"allow y/a > x/a", "allow y/b > x/a"}),
      story("DoesNotExist", expression("DoesNotExist", ""),
            {"allow * > x/a", "deny y/a > x/a", "deny y/b > x/a"}),
      story("matchLabels and matchExpressions: and",
            R"({"matchLabels": {"pod": "a"},
                "matchExpressions": [{"key": "tier", "operator": "Exists"}]})",
            {"allow y/a > x/a"}),
      story("a label of an empty value needs the key", R"({"matchLabels": {"none": ""}})",
            {"allow y/a > x/a"}),
  };
}

std::vector<Story> blocks() {
  const auto story = [](const std::string& name, const std::string& peers, base::Family family,
                        Lines lines) {
    lines.insert(lines.begin(), "deny * > x/a");
    return Story{name, {{{let_in(peers)}, {{.family = family, .lines = lines}}}}};
  };
  return {
      story("an ipBlock matches whoever has the address, pods too",
            R"([{"ipBlock": {"cidr": "10.1.0.4/31"}}, {"ipBlock": {"cidr": "192.168.0.0/16"}}])",
            kV4, {"allow y/a > x/a", "allow y/b > x/a", "allow outside > x/a"}),
      story("an ipBlock of IPv6",
            R"([{"ipBlock": {"cidr": "fd00:1::4/127"}}, {"ipBlock": {"cidr": "fd00:99::/64"}}])",
            kV6, {"allow y/a > x/a", "allow y/b > x/a", "allow outside > x/a"}),
      story("another node is an address like others", R"([{"ipBlock": {"cidr": "10.0.0.0/30"}}])",
            kV4, {"allow other > x/a", "deny outside > x/a"}),
      story("what one peer excepts another may allow",
            R"([{"ipBlock": {"cidr": "10.1.0.0/28", "except": ["10.1.0.4/30"]}},
                {"ipBlock": {"cidr": "10.1.0.6/32"}}])",
            kV4,
            {"allow * > x/a", "deny y/a > x/a", "deny y/b > x/a", "deny z/a > x/a",
             "deny outside > x/a"}),
      story("exceptions within exceptions are one exception",
            R"([{"ipBlock": {"cidr": "0.0.0.0/0",
                             "except": ["10.1.0.4/31", "10.1.0.0/28", "10.1.0.5/32"]}}])",
            kV4, {"allow outside > x/a", "allow other > x/a", "allow far/r > x/a"}),
      story("host bits in a CIDR", R"([{"ipBlock": {"cidr": "10.161.0.0/8"}}])", kV4,
            {"allow * > x/a", "allow far/r > x/a", "deny outside > x/a"}),
      story("leading zeros in a CIDR", R"([{"ipBlock": {"cidr": "010.001.000.004/32"}}])", kV4,
            {"allow y/a > x/a"}),
      story("a CIDR of IPv6 matches nothing of IPv4", R"([{"ipBlock": {"cidr": "::/0"}}])", kV4,
            {"deny outside > x/a"}),
      story("a CIDR of IPv4 matches nothing of IPv6", R"([{"ipBlock": {"cidr": "0.0.0.0/0"}}])",
            kV6, {"deny outside > x/a"}),
  };
}

}  // namespace

std::vector<Story> peer_stories() {
  std::vector<Story> all = selectors();
  for (const std::vector<Story>& some : {expressions(), blocks()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

}  // namespace catena::test::netpol
