#include "tests/support/netpol/evaluator.h"

#include <algorithm>

namespace catena::test::netpol {
namespace {

using catena::netpol::AddressRange;
using catena::netpol::Endpoint;
using catena::netpol::Rule;
using catena::netpol::Rules;
using catena::netpol::Set;
using catena::netpol::SetKind;
using catena::netpol::Subject;

enum class Direction : std::uint8_t { kIngress, kEgress };

bool has_address(const Set& set, const base::IpAddress& address) {
  if (set.family != address.family()) {
    return false;
  }
  if (set.kind == SetKind::kAddresses) {
    return std::find(set.addresses.begin(), set.addresses.end(), address) != set.addresses.end();
  }
  return std::any_of(set.networks.begin(), set.networks.end(), [&](const AddressRange& range) {
    return range.first <= address && address <= range.last;
  });
}

bool has_endpoint(const Set& set, const Flow& flow) {
  const Endpoint wanted{flow.destination, flow.protocol, flow.port};
  return set.family == flow.destination.family() &&
         std::find(set.endpoints.begin(), set.endpoints.end(), wanted) != set.endpoints.end();
}

bool rule_matches(const Rules& rules, const Rule& rule, const Flow& flow, Direction direction) {
  if (rule.protocol != 0 && rule.protocol != flow.protocol) {
    return false;
  }
  const bool any_port = rule.first_port == 0 && rule.last_port == 0;
  if (!any_port && (flow.port < rule.first_port || flow.port > rule.last_port)) {
    return false;
  }
  const base::IpAddress& other = direction == Direction::kIngress ? flow.source : flow.destination;
  return (rule.peers.empty() || has_address(rules.sets.at(rule.peers), other)) &&
         (rule.endpoints.empty() || has_endpoint(rules.sets.at(rule.endpoints), flow));
}

bool direction_passes(const Rules& rules, const Subject& subject, const Flow& flow,
                      Direction direction) {
  const auto& chains = direction == Direction::kIngress ? subject.ingress : subject.egress;
  if (!chains.has_value()) {
    return true;
  }
  return std::any_of(chains->begin(), chains->end(), [&](const std::string& name) {
    const auto& list = rules.chains.at(name).rules;
    return std::any_of(list.begin(), list.end(), [&](const Rule& rule) {
      return rule_matches(rules, rule, flow, direction);
    });
  });
}

const Subject* subject_at(const Rules& rules, const base::IpAddress& address) {
  for (const auto& [id, subject] : rules.subjects) {
    const auto& own = subject.addresses;
    if (std::find(own.begin(), own.end(), address) != own.end()) {
      return &subject;
    }
  }
  return nullptr;
}

}  // namespace

bool passes(const Rules& rules, const std::vector<base::IpAddress>& node, const Flow& flow) {
  const Subject* source = subject_at(rules, flow.source);
  const Subject* destination = subject_at(rules, flow.destination);
  if (source != nullptr && source == destination) {
    return true;  // never leaves the pod
  }
  if (source != nullptr && !direction_passes(rules, *source, flow, Direction::kEgress)) {
    return false;
  }
  const bool from_own_node = std::find(node.begin(), node.end(), flow.source) != node.end();
  return from_own_node || destination == nullptr ||
         direction_passes(rules, *destination, flow, Direction::kIngress);
}

}  // namespace catena::test::netpol
