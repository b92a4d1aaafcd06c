#include "common/netpol/objects.h"

#include <algorithm>
#include <array>
#include <utility>

#include <nlohmann/json.hpp>

#include "common/base/fields.h"
#include "common/netpol/object_fields.h"
#include "common/netpol/sloppy.h"
#include "common/netpol/sorted.h"

namespace catena::netpol {
namespace {

using base::Fields;
using base::Result;
using base::Status;
using nlohmann::json;
using Operator = Requirement::Operator;

constexpr std::int64_t kMostPort = 65535;

bool has_value_of(const Requirement& requirement, const std::string& value) {
  return std::ranges::binary_search(requirement.values, value);
}

bool holds(const Requirement& requirement, const Labels& labels) {
  const auto label = labels.find(requirement.key);
  const bool is_there = label != labels.end();
  switch (requirement.op) {
    case Operator::kIn:
      return is_there && has_value_of(requirement, label->second);
    case Operator::kNotIn:
      return !is_there || !has_value_of(requirement, label->second);
    case Operator::kExists:
      return is_there;
    case Operator::kDoesNotExist:
      return !is_there;
  }
  return false;
}

Result<Requirement> requirement_of(Fields& fields) {
  constexpr std::array<std::string_view, 4> kOperators{"In", "NotIn", "Exists", "DoesNotExist"};
  Requirement requirement;
  requirement.key = TRY(required_text(fields, "key"));
  const auto op = TRY(fields.one_of("operator", {kOperators.begin(), kOperators.end()}));
  if (!op) {
    return fields.bad_value("operator", "an operator");
  }
  requirement.op = static_cast<Operator>(std::ranges::find(kOperators, *op) - kOperators.begin());
  requirement.values = TRY(fields.strings("values")).value_or(std::vector<std::string>());
  const bool needs_values = requirement.op == Operator::kIn || requirement.op == Operator::kNotIn;
  if (needs_values == requirement.values.empty()) {
    return fields.bad_value("values", needs_values ? "at least one value" : "no values");
  }
  sort_once_each(requirement.values);
  return requirement;
}

Result<Selector> selector_of(Fields fields) {
  Selector selector;
  const auto labels = TRY(fields.string_map("matchLabels"));
  for (const auto& [key, value] : labels.value_or(Pairs())) {
    selector.requirements.push_back({.key = key, .op = Operator::kIn, .values = {value}});
  }
  auto expressions = TRY(fields.objects("matchExpressions"));
  for (Fields& expression : expressions ? *expressions : std::vector<Fields>()) {
    selector.requirements.push_back(TRY(requirement_of(expression)));
  }
  sort_once_each(selector.requirements);
  return selector;
}

Result<std::optional<Selector>> selector_at(Fields& fields, std::string_view key) {
  auto object = TRY(fields.object(key));
  if (!object) {
    return std::optional<Selector>();
  }
  return std::optional<Selector>(TRY(selector_of(*std::move(object))));
}

Result<base::Prefix> network_of(const Fields& fields, std::string_view key,
                                const std::string& text) {
  auto network = sloppy_network(text);
  return network.ok() ? network : fields.bad_value(key, "an address with a prefix length");
}

Result<IpBlock> block_of(Fields fields) {
  IpBlock block;
  const std::string cidr = TRY(required_text(fields, "cidr"));
  block.cidr = TRY(network_of(fields, "cidr", cidr));
  const auto texts = TRY(fields.strings("except")).value_or(std::vector<std::string>());
  for (const std::string& text : texts) {
    const base::Prefix except = TRY(network_of(fields, "except", text));
    if (!block.cidr.contains(except.address()) || except.length() <= block.cidr.length()) {
      return fields.bad_value("except",
                              "networks that are strictly inside " + block.cidr.to_string());
    }
    block.except.push_back(except);
  }
  sort_once_each(block.except);
  return block;
}

Result<Peer> peer_of(Fields& fields) {
  Peer peer;
  peer.pods = TRY(selector_at(fields, "podSelector"));
  peer.namespaces = TRY(selector_at(fields, "namespaceSelector"));
  auto block = TRY(fields.object("ipBlock"));
  if (block) {
    peer.block = TRY(block_of(*std::move(block)));
  }
  const bool selects = peer.pods.has_value() || peer.namespaces.has_value();
  if (selects == peer.block.has_value()) {
    return fields.bad_value("ipBlock", "either it, or podSelector, namespaceSelector or both");
  }
  return peer;
}

Status read_numbers(Fields& fields, const json* first, Port& port) {
  const auto last = TRY(fields.integer("endPort", 1, kMostPort));
  if (first == nullptr || first->is_null()) {
    return last ? Status(fields.bad_value("endPort", "port beside it")) : Status();
  }
  const auto number = TRY(fields.integer("port", 1, kMostPort)).value_or(0);
  if (last.value_or(number) < number) {
    return fields.bad_value("endPort", "a number not below port");
  }
  port.first = static_cast<std::uint16_t>(number);
  port.last = static_cast<std::uint16_t>(last.value_or(number));
  return {};
}

// The API's own bounds: lower case, digits and hyphens, a letter among them.
bool is_port_name(const std::string& name) {
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto is_good = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '-'; };
  return name.size() <= 15 && std::ranges::all_of(name, is_good) &&
         std::ranges::any_of(name, is_letter);
}

Result<Port> port_of(Fields& fields) {
  Port port;
  port.protocol = TRY(protocol_at(fields));
  const json* number_or_name = fields.raw("port");
  if (number_or_name == nullptr || !number_or_name->is_string()) {
    TRY(read_numbers(fields, number_or_name, port));
    return port;
  }
  port.name = TRY(required_text(fields, "port"));
  if (!is_port_name(port.name)) {
    return fields.bad_value("port", "a number from 1 to 65535 or the name of a port");
  }
  if (TRY(fields.integer("endPort", 1, kMostPort)).has_value()) {
    return fields.bad_value("endPort", "none beside a port's name");
  }
  return port;
}

using RuleList = std::vector<PolicyRule>;

Result<RuleList> rules_at(Fields& spec, std::string_view key, std::string_view peers_key) {
  RuleList rules;
  auto list = TRY(spec.objects(key));
  for (Fields& fields : list ? *list : std::vector<Fields>()) {
    PolicyRule rule;
    auto peers = TRY(fields.objects(peers_key));
    for (Fields& peer : peers ? *peers : std::vector<Fields>()) {
      rule.peers.push_back(TRY(peer_of(peer)));
    }
    auto ports = TRY(fields.objects("ports"));
    for (Fields& port : ports ? *ports : std::vector<Fields>()) {
      rule.ports.push_back(TRY(port_of(port)));
    }
    rules.push_back(std::move(rule));
  }
  return rules;
}

struct Directions {
  bool ingress = false;
  bool egress = false;
};

Result<Directions> directions_of(Fields& spec, bool has_egress_rules) {
  const auto types = TRY(spec.strings("policyTypes")).value_or(std::vector<std::string>());
  if (types.empty()) {
    return Directions{.ingress = true, .egress = has_egress_rules};
  }
  Directions directions;
  for (const std::string& type : types) {
    directions.ingress |= type == "Ingress";
    directions.egress |= type == "Egress";
    if (type != "Ingress" && type != "Egress") {
      return spec.bad_value("policyTypes", "Ingress, Egress or both");
    }
  }
  return directions;
}

Result<Policy> read_policy(const json& object) {
  Fields fields = TRY(Fields::of(object, ""));
  Fields metadata = TRY(required_object(fields, "metadata"));
  Policy policy;
  policy.space = TRY(required_text(metadata, "namespace"));
  policy.name = TRY(required_text(metadata, "name"));
  // What says nothing selects all pods of its namespace and lets nothing in.
  auto spec = TRY(fields.object("spec"));
  if (!spec) {
    policy.ingress.emplace();
    return policy;
  }
  policy.pods = TRY(selector_at(*spec, "podSelector")).value_or(Selector());
  RuleList ingress = TRY(rules_at(*spec, "ingress", "from"));
  RuleList egress = TRY(rules_at(*spec, "egress", "to"));
  const Directions directions = TRY(directions_of(*spec, !egress.empty()));
  if (directions.ingress) {
    policy.ingress = std::move(ingress);
  }
  if (directions.egress) {
    policy.egress = std::move(egress);
  }
  return policy;
}

}  // namespace

bool Selector::matches(const Labels& labels) const {
  return std::ranges::all_of(
      requirements, [&](const Requirement& requirement) { return holds(requirement, labels); });
}

Result<Policy> policy_of(const json& object) { return as_undecodable(read_policy(object)); }

}  // namespace catena::netpol
