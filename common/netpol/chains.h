// One policy in one direction as rules. Internal to this folder.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/netpol/member_spec.h"
#include "common/netpol/objects.h"
#include "common/netpol/rules.h"

namespace catena::netpol {

enum class Direction { kIngress, kEgress };

const std::optional<std::vector<PolicyRule>>& rules_in(const Policy& policy, Direction direction);

using NameSet = std::function<std::string(const SetSpec&)>;

// Sorted, each once. `families`: those that the pods of this node have. `name_set` is asked for
// the name of each set that a rule needs.
std::vector<Rule> rules_of(const Policy& policy, Direction direction,
                           const std::vector<base::Family>& families, const NameSet& name_set);

}  // namespace catena::netpol
