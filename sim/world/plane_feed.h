// Keeps the data plane in step with the state. Without a plane nothing happens; what a plane
// refuses is kept in State::plane_errors. The plane has one VPC: the scene's first.
#pragma once

#include "sim/world/state.h"

namespace catena::sim {

base::Status feed_switches(State& state);
void feed_node(State& state, const Instance& instance);
void feed_node_gone(State& state, const Instance& instance);
// The device appears in the guest. False when the plane refused it.
bool feed_plug(State& state, Eni& eni);
void feed_unplug(State& state, Eni& eni);
void feed_addresses(State& state, const Eni& eni);
void feed_routes(State& state);

}  // namespace catena::sim
