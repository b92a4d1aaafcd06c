// Route entries as others need them.
#pragma once

#include <string>
#include <string_view>

#include "sim/world/state.h"

namespace catena::sim {

std::string_view name_of(RouteState state);

struct NewRoute {
  std::string table;
  std::string destination;  // as the caller wrote it
  std::string next_hop;
  std::string next_hop_type = "Instance";
  std::string name;
  std::string description;
};

// Puts it into the table: Pending until the scene's delay is over, or Available at once.
RouteEntry& put_route(State& state, RouteEntry route, bool at_once);
// Puts the routes of every VPC that the cloud makes by itself.
void put_system_routes(State& state);
// At once, whatever state it was in.
void remove_route(State& state, const std::string& id);

}  // namespace catena::sim
