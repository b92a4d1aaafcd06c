// What somebody else does to the account, and faults.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "sim/world/state.h"

namespace catena::sim {

base::Result<nlohmann::json> console_action(State& state, const nlohmann::json& request);

}  // namespace catena::sim
