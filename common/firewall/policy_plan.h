// NetworkPolicies' objects in the table, as docs/firewall.md tells them. Internal to this folder.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/ip.h"
#include "common/base/result.h"
#include "common/firewall/plan.h"
#include "common/firewall/policies.h"
#include "common/netpol/rules.h"

namespace catena::firewall {

enum class Direction : std::uint8_t { kIngress, kEgress };
inline constexpr Direction kDirections[] = {Direction::kIngress, Direction::kEgress};

// Accepts what belongs to a connection that was let through.
Rule established();

// Base chains, maps and what they need.
Plan policy_base(Place place, const std::string& table = kTable);

// From an isolated pod's address to the chain of its subject.
Set subjects_map(Direction direction, base::Family family, const std::string& table = kTable);
std::string subject_chain(Direction direction, const std::string& id);
// Empty where the chain is no subject's.
std::string subject_of_chain(const std::string& chain);

// Whether the name is one that the compiler gives (netpol/rules.h, names).
bool is_policy_set(const std::string& name);
bool is_policy_chain(const std::string& name);

Set set_of(const std::string& name, const netpol::Set& set, const std::string& table = kTable);
std::vector<Element> elements_of(const netpol::Set& set);
std::vector<Element> elements_of_addresses(const std::vector<base::IpAddress>& addresses,
                                           base::Family family, const std::string& chain);

// kInternal where a name is not of the compiler's making.
base::Result<std::vector<Rule>> rules_of(const std::string& name, const netpol::Chain& chain);
// Of an isolated direction.
std::vector<Rule> rules_of_subject(const std::vector<std::string>& chains);

}  // namespace catena::firewall
