// Instances as others need them.
#pragma once

#include <string>
#include <string_view>

#include "sim/world/state.h"

namespace catena::sim {

inline constexpr std::string_view kImage = "debian_12_x64_20G_alibase_20260101.vhd";

std::string_view name_of(InstanceState state);

// Each begins at once and is done after the scene's delay. kExists when it is so already or another
// change is under way.
base::Status start_instance(State& state, Instance& instance);
base::Status stop_instance(State& state, Instance& instance);
// At once: the machine, its primary ENI and those with DeleteOnRelease are gone, the others are
// Available. Route entries to it stay and lead nowhere.
void terminate_instance(State& state, const std::string& id);

}  // namespace catena::sim
