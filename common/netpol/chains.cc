#include "common/netpol/chains.h"

#include <algorithm>
#include <map>

#include "common/netpol/networks.h"
#include "common/netpol/sorted.h"

namespace catena::netpol {
namespace {

using base::Family;

struct PortRange {
  std::uint16_t first;
  std::uint16_t last;
  auto operator<=>(const PortRange&) const = default;
};

// What a rule says of one protocol.
struct Ports {
  bool all = false;
  std::vector<PortRange> ranges;
  std::vector<PortName> names;
};

struct Scope {
  const Policy& policy;
  Direction direction;
  const std::vector<Family>& families;
  const NameSet& name_set;
};

std::vector<PortRange> merged(std::vector<PortRange> ranges) {
  std::ranges::sort(ranges);
  std::vector<PortRange> apart;
  apart.reserve(ranges.size());
  for (const PortRange& range : ranges) {
    if (!apart.empty() && range.first <= apart.back().last + 1) {
      apart.back().last = std::max(apart.back().last, range.last);
    } else {
      apart.push_back(range);
    }
  }
  return apart;
}

std::map<std::uint8_t, Ports> by_protocol(const std::vector<Port>& ports) {
  std::map<std::uint8_t, Ports> sorted;
  for (const Port& port : ports) {
    Ports& of = sorted[port.protocol];
    if (!port.name.empty()) {
      of.names.push_back({.name = port.name, .protocol = port.protocol});
    } else if (port.last == 0) {
      of.all = true;
    } else {
      of.ranges.push_back({.first = port.first, .last = port.last});
    }
  }
  return sorted;
}

// The rule's ports by number, without peers.
std::vector<Rule> numbered_rules(const std::vector<Port>& ports) {
  std::vector<Rule> rules;
  if (ports.empty()) {
    rules.emplace_back();
  }
  for (const auto& [protocol, of] : by_protocol(ports)) {
    if (of.all) {
      rules.push_back({.protocol = protocol, .peers = {}, .endpoints = {}});
      continue;
    }
    for (const PortRange& range : merged(of.ranges)) {
      rules.push_back({.protocol = protocol,
                       .first_port = range.first,
                       .last_port = range.last,
                       .peers = {},
                       .endpoints = {}});
    }
  }
  return rules;
}

std::vector<Term> terms_of(const std::vector<Peer>& peers, const std::string& space) {
  std::vector<Term> terms;
  for (const Peer& peer : peers) {
    if (!peer.block) {
      terms.push_back(term_of(peer, space));
    }
  }
  sort_once_each(terms);
  return terms;
}

std::vector<IpBlock> blocks_of(const std::vector<Peer>& peers) {
  std::vector<IpBlock> blocks;
  for (const Peer& peer : peers) {
    if (peer.block) {
      blocks.push_back(*peer.block);
    }
  }
  return blocks;
}

// Names of the sets that the rule's peers of this family are in; an empty one for anybody.
std::vector<std::string> peer_sets(const Scope& scope, const std::vector<Peer>& peers,
                                   Family family) {
  if (peers.empty()) {
    return {""};
  }
  std::vector<std::string> sets;
  SetSpec pods{
      .kind = SetKind::kAddresses, .family = family, .terms = {}, .ports = {}, .networks = {}};
  pods.terms = terms_of(peers, scope.policy.space);
  if (!pods.terms.empty()) {
    sets.push_back(scope.name_set(pods));
  }
  SetSpec blocks{
      .kind = SetKind::kNetworks, .family = family, .terms = {}, .ports = {}, .networks = {}};
  blocks.networks = ranges_of(blocks_of(peers), family);
  if (!blocks.networks.empty()) {
    sets.push_back(scope.name_set(blocks));
  }
  return sets;
}

// Of the destination: the pods that the policy selects, or those that it lets them talk to.
std::vector<Term> destinations(const Scope& scope, const std::vector<Peer>& peers) {
  Term term;
  if (scope.direction == Direction::kIngress) {
    term.space = scope.policy.space;
    term.pods = scope.policy.pods;
  } else if (!peers.empty()) {
    return terms_of(peers, scope.policy.space);
  }
  return {term};
}

void append_named(const Scope& scope, const PolicyRule& rule, std::vector<Rule>& rules) {
  for (const auto& [protocol, ports] : by_protocol(rule.ports)) {
    SetSpec spec{.kind = SetKind::kEndpoints, .terms = {}, .ports = ports.names, .networks = {}};
    spec.terms = destinations(scope, rule.peers);
    spec.local = scope.direction == Direction::kIngress;
    sort_once_each(spec.ports);
    if (ports.all || spec.ports.empty() || spec.terms.empty()) {
      continue;
    }
    for (const Family family : scope.families) {
      spec.family = family;
      // The destination's pods are peers already.
      const auto peers =
          spec.local ? peer_sets(scope, rule.peers, family) : std::vector<std::string>{""};
      for (const std::string& set : peers) {
        rules.push_back({.protocol = protocol, .peers = set, .endpoints = scope.name_set(spec)});
      }
    }
  }
}

void append_numbered(const Scope& scope, const PolicyRule& rule, std::vector<Rule>& rules) {
  std::vector<Rule> numbered = numbered_rules(rule.ports);
  if (rule.peers.empty() || numbered.empty()) {
    std::ranges::move(numbered, std::back_inserter(rules));
    return;
  }
  for (const Family family : scope.families) {
    for (const std::string& set : peer_sets(scope, rule.peers, family)) {
      for (Rule with_peers : numbered) {
        with_peers.peers = set;
        rules.push_back(std::move(with_peers));
      }
    }
  }
}

bool allows_all(const PolicyRule& rule) { return rule.peers.empty() && rule.ports.empty(); }

}  // namespace

const std::optional<std::vector<PolicyRule>>& rules_in(const Policy& policy, Direction direction) {
  return direction == Direction::kIngress ? policy.ingress : policy.egress;
}

std::vector<Rule> rules_of(const Policy& policy, Direction direction,
                           const std::vector<Family>& families, const NameSet& name_set) {
  const auto& wanted = rules_in(policy, direction);
  if (!wanted) {
    return {};
  }
  if (std::ranges::any_of(*wanted, allows_all)) {
    return {Rule()};
  }
  const Scope scope{
      .policy = policy, .direction = direction, .families = families, .name_set = name_set};
  std::vector<Rule> rules;
  for (const PolicyRule& rule : *wanted) {
    append_numbered(scope, rule, rules);
    append_named(scope, rule, rules);
  }
  sort_once_each(rules);
  return rules;
}

}  // namespace catena::netpol
