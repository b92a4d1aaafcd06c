// Where the rule model stands in the mangle table (docs/xtables.md). Pure.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/ip.h"
#include "common/base/result.h"
#include "common/netpol/rules.h"
#include "xtables/rule.h"

namespace catena::xtables {

// What all our chains and sets begin with. A set's name is at most 31 characters, a chain's 28.
inline constexpr std::string_view kChainPrefix = "CATENA-";
inline constexpr std::string_view kSetPrefix = "catena-";
std::string set_name(const std::string& name);

enum class Direction : std::uint8_t { kIngress, kEgress };

// A pod's address that is isolated in a direction: new connections must be returned by a rule of
// the chain `list`.
struct Isolation {
  Direction direction = Direction::kIngress;
  base::IpAddress address;
  std::string subject;
  std::string list;
  auto operator<=>(const Isolation&) const = default;
};

// One family's part.
struct Layout {
  std::set<Isolation> isolations;
  // A chain for each list of policies that some subject has in a direction: subjects with the same
  // policies share it.
  Chains lists;
};

// kUndecodable where the model names a chain or set that it does not have.
base::Result<Layout> layout_of(const netpol::Rules& model, base::Family family);

// The chains that lead to the lists. `nic` empty: on the node; else the rules of one pod's NIC,
// inside its namespace.
Chains paths_of(const std::set<Isolation>& isolations, base::Family family, const std::string& nic);

// What must be the first rule of the table's own chains.
struct Hook {
  std::string chain;
  Rule rule;
};
std::vector<Hook> hooks_of(const std::string& nic);

}  // namespace catena::xtables
