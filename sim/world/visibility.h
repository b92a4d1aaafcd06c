// What others see of the state, and when.
#pragma once

#include <string>
#include <vector>

#include "sim/world/state.h"

namespace catena::sim {

// To be called after every change of the object: from then on the change is on its way to the
// outside, each view with a lag of its own.
void publish_eni(State& state, const Eni& eni);
void publish_eni_gone(State& state, const Eni& eni);
void publish_instance(State& state, const Instance& instance);
void publish_instance_gone(State& state, const Instance& instance);
void publish_route(State& state, const RouteEntry& route);
void publish_route_gone(State& state, const RouteEntry& route);
void publish_count(State& state, VSwitch& vswitch);

// As Describe* shows them now, in order of creation.
std::vector<EniPtr> seen_enis(const State& state);
EniPtr seen_eni(const State& state, const std::string& id);
std::vector<InstancePtr> seen_instances(const State& state);
std::vector<RoutePtr> seen_routes(const State& state);
// As the metadata service shows them now.
std::vector<EniPtr> metadata_enis(const State& state, const std::string& instance);

}  // namespace catena::sim
