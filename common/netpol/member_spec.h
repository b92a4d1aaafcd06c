// What a set is of, before anybody looks who that is. Internal to this folder.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/netpol/objects.h"
#include "common/netpol/rules.h"

namespace catena::netpol {

using Namespaces = std::map<std::string, Namespace>;

// Pods of one namespace, or of all that a selector selects.
struct Term {
  std::optional<std::string> space;
  Selector namespaces;  // without `space`
  Selector pods;
  auto operator<=>(const Term&) const = default;
};

struct PortName {
  std::string name;
  std::uint8_t protocol = 0;
  auto operator<=>(const PortName&) const = default;
};

struct SetSpec {
  SetKind kind = SetKind::kAddresses;
  base::Family family = base::Family::kIpv4;
  // Of kAddresses and kEndpoints: pods that one of these describes. Sorted, each once.
  std::vector<Term> terms;
  // Of kEndpoints: the ports of these names. Sorted, each once.
  std::vector<PortName> ports;
  // Only pods of this node.
  bool local = false;
  std::vector<AddressRange> networks;  // of kNetworks
  auto operator<=>(const SetSpec&) const = default;
};

// A peer that is no ipBlock, of a policy in `space`.
Term term_of(const Peer& peer, const std::string& space);

// A namespace that nobody has told of has no labels that could be relied on: it is selected by
// what selects all.
bool selects_namespace(const Term& term, const std::string& space, const Namespaces& namespaces);

// The namespace that all of it is in, where that is one.
std::optional<std::string> only_space_of(const SetSpec& spec);

// Letters for the kind and family, and a text that no other spec of these has.
std::string prefix_of(const SetSpec& spec);
std::string text_of(const SetSpec& spec);

}  // namespace catena::netpol
