#include <netinet/in.h>

#include <nlohmann/json.hpp>

#include "common/base/text.h"
#include "common/netpol/explain.h"

namespace catena::netpol {
namespace {

using nlohmann::json;

struct Words {
  const char* direction;
  const char* isolated;  // what the isolated end may not do at will
};
constexpr Words kEgressWords{.direction = "egress", .isolated = "may send"};
constexpr Words kIngressWords{.direction = "ingress", .isolated = "may be sent"};

std::string protocol_text(std::uint8_t protocol) {
  switch (protocol) {
    case IPPROTO_TCP:
      return "TCP";
    case IPPROTO_UDP:
      return "UDP";
    case IPPROTO_SCTP:
      return "SCTP";
    default:
      return "protocol " + std::to_string(protocol);
  }
}

std::string end_text(const Verdict& verdict, const std::optional<base::IpAddress>& address) {
  if (verdict.pod.empty()) {
    return address ? address->to_string() : "an address";
  }
  return verdict.pod + (address ? " (" + address->to_string() + ")" : "");
}

// People count from 1.
std::string rules_text(const std::vector<RuleName>& rules, const Words& words) {
  std::vector<std::string> names;
  names.reserve(rules.size());
  for (const RuleName& name : rules) {
    names.push_back(std::string(words.direction) + " rule " + std::to_string(name.rule + 1) +
                    " of policy " + name.policy);
  }
  return base::join(names, ", ");
}

std::string no_rule_text(const Verdict& verdict, const Words& words) {
  std::string text = "denied: it " + std::string(words.isolated) + " only what its policies (" +
                     base::join(verdict.policies, ", ") + ") allow, and no rule allows this";
  if (!verdict.other_port.empty()) {
    text += "; the peer but not the port matches " + rules_text(verdict.other_port, words);
  }
  if (!verdict.other_peer.empty()) {
    text += "; the port but not the peer matches " + rules_text(verdict.other_peer, words);
  }
  return text;
}

std::string verdict_text(const Verdict& verdict, const Words& words) {
  switch (verdict.why) {
    case Why::kNoPod:
      return "allowed: no pod has this address, so no policy speaks of it";
    case Why::kIgnored:
      return "allowed: the pod is on the host's network or finished, so no policy speaks of it";
    case Why::kNotIsolated:
      return std::string("allowed: no policy selects it for ") + words.direction;
    case Why::kSamePod:
      return "allowed: it never leaves the pod";
    case Why::kOwnNode:
      return "allowed: it comes from the pod's own node";
    case Why::kRule:
      return "allowed by " + rules_text(verdict.allowing, words);
    case Why::kNoRule:
      return no_rule_text(verdict, words);
  }
  return "";
}

const char* name_of(Why why) {
  switch (why) {
    case Why::kNoPod:
      return "noPod";
    case Why::kIgnored:
      return "ignored";
    case Why::kNotIsolated:
      return "notIsolated";
    case Why::kSamePod:
      return "samePod";
    case Why::kOwnNode:
      return "ownNode";
    case Why::kRule:
      return "rule";
    case Why::kNoRule:
      return "noRule";
  }
  return "";
}

json json_of(const std::vector<RuleName>& rules) {
  json array = json::array();
  for (const RuleName& name : rules) {
    array.push_back({{"policy", name.policy}, {"rule", name.rule}});
  }
  return array;
}

json json_of(const Verdict& verdict, const Words& words) {
  return {{"allowed", verdict.allowed()},
          {"why", name_of(verdict.why)},
          {"text", verdict_text(verdict, words)},
          {"pod", verdict.pod},
          {"policies", verdict.policies},
          {"allowing", json_of(verdict.allowing)},
          {"otherPort", json_of(verdict.other_port)},
          {"otherPeer", json_of(verdict.other_peer)}};
}

json json_of(const std::optional<base::IpAddress>& address) {
  return address ? json(address->to_string()) : json();
}

}  // namespace

std::string to_text(const Explanation& explanation) {
  std::string port = protocol_text(explanation.protocol);
  port += explanation.port != 0 ? " port " + std::to_string(explanation.port) : "";
  const std::string source = end_text(explanation.egress, explanation.source);
  const std::string destination = end_text(explanation.ingress, explanation.destination);
  return source + " to " + destination + ", " + port + ": " +
         (explanation.allowed() ? "allowed" : "denied") + "\n  egress of " + source + ": " +
         verdict_text(explanation.egress, kEgressWords) + "\n  ingress of " + destination + ": " +
         verdict_text(explanation.ingress, kIngressWords) + "\n";
}

json to_json(const Explanation& explanation) {
  return {{"allowed", explanation.allowed()},
          {"source", json_of(explanation.source)},
          {"destination", json_of(explanation.destination)},
          {"protocol", explanation.protocol},
          {"port", explanation.port},
          {"egress", json_of(explanation.egress, kEgressWords)},
          {"ingress", json_of(explanation.ingress, kIngressWords)}};
}

}  // namespace catena::netpol
