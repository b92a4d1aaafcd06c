// ENIs as others need them: made, and moved through their states.
#pragma once

#include "sim/world/pool.h"
#include "sim/world/state.h"

namespace catena::sim {

// Puts it into the world with what it was granted; id, MAC and place are filled in. Not published.
Eni& put_eni(State& state, Eni eni, VSwitch& vswitch, const Grant& grant);
// With the cloud's prefix 00:16:3e, unique.
base::Mac new_mac(State& state);

// At once, whatever state it was in: its device, its addresses, itself.
void remove_eni(State& state, const std::string& id);
// Attached to nothing and Available, at once.
void come_loose(State& state, Eni& eni);
// Addresses it holds, but not its primary one.
void give_back(State& state, Eni& eni, const Grant& given_back);

}  // namespace catena::sim
