#include "common/netpol/judge.h"

#include <algorithm>
#include <set>

namespace catena::netpol {

using base::IpAddress;

Judge::Judge(const Rules& rules) : rules_(rules) {
  for (const auto& [id, subject] : rules.subjects) {
    for (const IpAddress& address : subject.addresses) {
      if (subject.ingress.has_value()) {
        ingress_.emplace(address, &*subject.ingress);
      }
      if (subject.egress.has_value()) {
        egress_.emplace(address, &*subject.egress);
      }
    }
  }
}

Judgement Judge::judge(const Connection& connection) const {
  return {.egress = allows(egress_, Direction::kEgress, connection),
          .ingress = allows(ingress_, Direction::kIngress, connection)};
}

std::vector<IpAddress> Judge::isolated() const {
  std::set<IpAddress> addresses;
  for (const ByAddress* subjects : {&ingress_, &egress_}) {
    for (const auto& [address, chains] : *subjects) {
      addresses.insert(address);
    }
  }
  return {addresses.begin(), addresses.end()};
}

bool Judge::allows(const ByAddress& subjects, Direction direction,
                   const Connection& connection) const {
  const bool is_ingress = direction == Direction::kIngress;
  const auto subject = subjects.find(is_ingress ? connection.destination : connection.source);
  if (subject == subjects.end()) {
    return true;
  }
  return std::ranges::any_of(*subject->second, [&](const std::string& name) {
    const auto chain = rules_.chains.find(name);
    return chain != rules_.chains.end() &&
           std::ranges::any_of(chain->second.rules, [&](const Rule& rule) {
             return matches(rule, direction, connection);
           });
  });
}

bool Judge::matches(const Rule& rule, Direction direction, const Connection& connection) const {
  if (rule.protocol != 0 && rule.protocol != connection.protocol) {
    return false;
  }
  const bool any_port = rule.last_port == 0;
  if (!any_port && (connection.port < rule.first_port || connection.port > rule.last_port)) {
    return false;
  }
  const IpAddress& peer =
      direction == Direction::kIngress ? connection.source : connection.destination;
  return (rule.peers.empty() || has_member(rule.peers, peer)) &&
         (rule.endpoints.empty() || has_endpoint(rule.endpoints, connection));
}

bool Judge::has_member(const std::string& set, const IpAddress& address) const {
  const auto found = rules_.sets.find(set);
  if (found == rules_.sets.end()) {
    return false;
  }
  const std::vector<AddressRange>& networks = found->second.networks;
  if (found->second.kind != SetKind::kNetworks) {
    return std::ranges::binary_search(found->second.addresses, address);
  }
  const auto behind = std::ranges::upper_bound(networks, address, {}, &AddressRange::first);
  return behind != networks.begin() && address <= std::prev(behind)->last &&
         address.family() == found->second.family;
}

bool Judge::has_endpoint(const std::string& set, const Connection& connection) const {
  const auto found = rules_.sets.find(set);
  return found != rules_.sets.end() &&
         std::ranges::binary_search(
             found->second.endpoints,
             Endpoint{connection.destination, connection.protocol, connection.port});
}

}  // namespace catena::netpol
