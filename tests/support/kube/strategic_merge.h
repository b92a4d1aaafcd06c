// Strategic merge patches of the built-in kinds.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace catena::test {

// Lists of objects with a known key (conditions by type, containers by name, ...) are merged item
// by item, finalizers as a set, all others are replaced. Knows `$patch: delete | replace` and
// passes over
// `$setElementOrder/...` and `$retainKeys`. Returns what it can't do; empty when done.
std::string apply_strategic_merge(nlohmann::json& target, const nlohmann::json& patch);

}  // namespace catena::test
