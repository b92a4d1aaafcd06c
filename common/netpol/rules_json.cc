#include "common/netpol/rules_json.h"

#include <algorithm>
#include <array>
#include <iterator>

#include <nlohmann/json.hpp>

#include "common/base/fields.h"
#include "common/netpol/sorted.h"

namespace catena::netpol {
namespace {

using base::Fields;
using base::Result;
using base::Status;
using nlohmann::json;

constexpr std::int64_t kMostPort = 65535;
constexpr std::array<std::string_view, 3> kKinds{"addresses", "networks", "endpoints"};

std::string_view name_of(SetKind kind) { return kKinds.at(static_cast<std::size_t>(kind)); }

template <typename List, typename ToJson>
json array_of(const List& list, ToJson to_json) {
  json array = json::array();
  for (const auto& element : list) {
    array.push_back(to_json(element));
  }
  return array;
}

json members_of(const Set& set) {
  switch (set.kind) {
    case SetKind::kAddresses:
      return array_of(set.addresses, [](const auto& address) { return address.to_string(); });
    case SetKind::kNetworks:
      return array_of(set.networks, [](const AddressRange& range) {
        return json::array({range.first.to_string(), range.last.to_string()});
      });
    case SetKind::kEndpoints:
      return array_of(set.endpoints, [](const Endpoint& end) {
        return json::array({end.address.to_string(), end.protocol, end.port});
      });
  }
  return json::array();
}

json json_of(const Rule& rule) {
  json object = json::object();
  if (rule.protocol != 0) {
    object["protocol"] = rule.protocol;
  }
  if (rule.last_port != 0) {
    object["ports"] = {rule.first_port, rule.last_port};
  }
  if (!rule.peers.empty()) {
    object["peers"] = rule.peers;
  }
  if (!rule.endpoints.empty()) {
    object["endpoints"] = rule.endpoints;
  }
  return object;
}

json json_of(const Subject& subject) {
  json object = {{"addresses", array_of(subject.addresses,
                                        [](const auto& address) { return address.to_string(); })}};
  if (subject.ingress) {
    object["ingress"] = *subject.ingress;
  }
  if (subject.egress) {
    object["egress"] = *subject.egress;
  }
  return object;
}

std::optional<base::IpAddress> address_of(const json& value, base::Family family) {
  const auto* text = value.get_ptr<const std::string*>();
  if (text == nullptr) {
    return std::nullopt;
  }
  const auto address = base::IpAddress::parse(*text);
  return address.ok() && address->family() == family ? std::optional(*address) : std::nullopt;
}

std::optional<std::int64_t> number_of(const json& value, std::int64_t most) {
  if (!value.is_number_integer() || value < 0 || value > most) {
    return std::nullopt;
  }
  return value.get<std::int64_t>();
}

bool read_range(const json& value, Set& set) {
  if (!value.is_array() || value.size() != 2) {
    return false;
  }
  const auto first = address_of(value[0], set.family);
  const auto last = address_of(value[1], set.family);
  if (!first || !last || *last < *first) {
    return false;
  }
  set.networks.push_back({.first = *first, .last = *last});
  return true;
}

bool read_endpoint(const json& value, Set& set) {
  if (!value.is_array() || value.size() != 3) {
    return false;
  }
  const auto address = address_of(value[0], set.family);
  const auto protocol = number_of(value[1], 255);
  const auto port = number_of(value[2], kMostPort);
  if (!address || !protocol || !port) {
    return false;
  }
  set.endpoints.push_back({.address = *address,
                           .protocol = static_cast<std::uint8_t>(*protocol),
                           .port = static_cast<std::uint16_t>(*port)});
  return true;
}

bool read_member(const json& value, Set& set) {
  switch (set.kind) {
    case SetKind::kAddresses: {
      const auto address = address_of(value, set.family);
      if (address) {
        set.addresses.push_back(*address);
      }
      return address.has_value();
    }
    case SetKind::kNetworks:
      return read_range(value, set);
    case SetKind::kEndpoints:
      return read_endpoint(value, set);
  }
  return false;
}

Result<Fields> object_at(Fields& fields, const std::string& name) {
  auto object = TRY(fields.object(name));
  if (!object) {
    return fields.bad_value(name, "an object");
  }
  return *std::move(object);
}

Result<Set> read_set(Fields& sets, const std::string& name) {
  Fields fields = TRY(object_at(sets, name));
  const auto kind = TRY(fields.one_of("kind", {kKinds.begin(), kKinds.end()}));
  const auto family = TRY(fields.integer("family", 4, 6));
  const json* members = fields.raw("members");
  TRY(fields.no_unknown_keys());
  if (!kind || !family || *family == 5 || members == nullptr || !members->is_array()) {
    return fields.bad_value("members", "kind, family (4 or 6) and a list of members");
  }
  Set set;
  set.kind = static_cast<SetKind>(std::ranges::find(kKinds, *kind) - kKinds.begin());
  set.family = static_cast<base::Family>(*family);
  for (const json& member : *members) {
    if (!read_member(member, set)) {
      return fields.bad_value("members", std::string(name_of(set.kind)) + " of the set's family");
    }
  }
  sort_once_each(set.addresses);
  sort_once_each(set.networks);
  sort_once_each(set.endpoints);
  return set;
}

Status read_ports(Fields& fields, Rule& rule) {
  const json* ports = fields.raw("ports");
  if (ports == nullptr) {
    return {};
  }
  const bool is_pair = ports->is_array() && ports->size() == 2;
  const auto first = is_pair ? number_of((*ports)[0], kMostPort) : std::nullopt;
  const auto last = is_pair ? number_of((*ports)[1], kMostPort) : std::nullopt;
  if (!first || !last || *first > *last || *last == 0 || rule.protocol == 0) {
    return fields.bad_value("ports", "[first, last] of a protocol");
  }
  rule.first_port = static_cast<std::uint16_t>(*first);
  rule.last_port = static_cast<std::uint16_t>(*last);
  return {};
}

Result<std::string> set_at(Fields& fields, std::string_view key, const Rules& rules) {
  auto name = TRY(fields.string(key)).value_or("");
  if (!name.empty() && !rules.sets.contains(name)) {
    return fields.bad_value(key, "a set that is there");
  }
  return name;
}

Result<Rule> read_rule(Fields fields, const Rules& rules) {
  Rule rule;
  rule.protocol = static_cast<std::uint8_t>(TRY(fields.integer("protocol", 0, 255)).value_or(0));
  TRY(read_ports(fields, rule));
  rule.peers = TRY(set_at(fields, "peers", rules));
  rule.endpoints = TRY(set_at(fields, "endpoints", rules));
  TRY(fields.no_unknown_keys());
  return rule;
}

Result<std::optional<std::vector<std::string>>> chains_at(Fields& fields, std::string_view key,
                                                          const Rules& rules) {
  auto names = TRY(fields.strings(key));
  for (const std::string& name : names.value_or(std::vector<std::string>())) {
    if (!rules.chains.contains(name)) {
      return fields.bad_value(key, "chains that are there");
    }
  }
  if (names) {
    sort_once_each(*names);
  }
  return names;
}

Result<Subject> read_subject(Fields& subjects, const std::string& id, const Rules& rules) {
  Fields fields = TRY(object_at(subjects, id));
  Subject subject;
  const auto texts = TRY(fields.strings("addresses")).value_or(std::vector<std::string>());
  subject.addresses.reserve(texts.size());
  for (const std::string& text : texts) {
    const auto address = base::IpAddress::parse(text);
    if (!address.ok()) {
      return fields.bad_value("addresses", "addresses");
    }
    subject.addresses.push_back(*address);
  }
  sort_once_each(subject.addresses);
  subject.ingress = TRY(chains_at(fields, "ingress", rules));
  subject.egress = TRY(chains_at(fields, "egress", rules));
  TRY(fields.no_unknown_keys());
  return subject;
}

// The objects below `key`, by name; none where it is absent.
Status read_named(Fields& fields, std::string_view key, Rules& rules,
                  Status (*read)(Fields&, const std::string&, Rules&)) {
  auto named = TRY(fields.object(key));
  if (!named) {
    return {};
  }
  for (const std::string& name : named->keys()) {
    TRY(read(*named, name, rules));
  }
  return {};
}

Status read_chain(Fields& chains, const std::string& name, Rules& rules) {
  auto list = TRY(chains.objects(name));
  Chain& chain = rules.chains[name];
  for (Fields& fields : list ? *list : std::vector<Fields>()) {
    chain.rules.push_back(TRY(read_rule(std::move(fields), rules)));
  }
  return {};
}

Status read_named_set(Fields& sets, const std::string& name, Rules& rules) {
  rules.sets[name] = TRY(read_set(sets, name));
  return {};
}

Status read_named_subject(Fields& subjects, const std::string& id, Rules& rules) {
  rules.subjects[id] = TRY(read_subject(subjects, id, rules));
  return {};
}

Result<Rules> read_rules(const json& object) {
  Fields fields = TRY(Fields::of(object, ""));
  Rules rules;
  // Names lead to what is read before.
  TRY(read_named(fields, "sets", rules, read_named_set));
  TRY(read_named(fields, "chains", rules, read_chain));
  TRY(read_named(fields, "subjects", rules, read_named_subject));
  TRY(fields.no_unknown_keys());
  return rules;
}

}  // namespace

json to_json(const Rules& rules) {
  json sets = json::object();
  for (const auto& [name, set] : rules.sets) {
    sets[name] = {{"kind", name_of(set.kind)},
                  {"family", static_cast<int>(set.family)},
                  {"members", members_of(set)}};
  }
  json chains = json::object();
  for (const auto& [name, chain] : rules.chains) {
    chains[name] = array_of(chain.rules, [](const Rule& rule) { return json_of(rule); });
  }
  json subjects = json::object();
  for (const auto& [id, subject] : rules.subjects) {
    subjects[id] = json_of(subject);
  }
  return {
      {"sets", std::move(sets)}, {"chains", std::move(chains)}, {"subjects", std::move(subjects)}};
}

Result<Rules> rules_of(const json& json) {
  Result<Rules> rules = read_rules(json);
  if (!rules.ok()) {
    return std::move(rules).error().as(base::ErrorKind::kUndecodable);
  }
  return rules;
}

}  // namespace catena::netpol
