// The whole truth as JSON, and what in it has no owner.
#pragma once

#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "sim/world/state.h"

namespace catena::sim {

nlohmann::json dump_state(const State& state);
std::vector<Orphan> find_orphans(const State& state);

}  // namespace catena::sim
