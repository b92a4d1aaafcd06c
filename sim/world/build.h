// A scene made into a state.
#pragma once

#include "sim/world/state.h"

namespace catena::sim {

// kBadConfig when the scene contradicts itself; the plane's error when it could not build it.
base::Status build(State& state);

// Adds one machine with its primary ENI.
base::Status add_instance(State& state, const SceneInstance& wanted);

// Other tenants take so many addresses; kBadConfig when there are not so many.
base::Status occupy_addresses(State& state, VSwitch& vswitch, std::int64_t count);

}  // namespace catena::sim
