// What the cloud demands of a route entry before it takes or deletes one.
#pragma once

#include <string>

#include "sim/world/outcome.h"
#include "sim/world/routes.h"
#include "sim/world/state.h"

namespace catena::sim {

// 100.64.0.0/10, the range of the cloud's own services.
base::Prefix service_range();
Refusal bad_route_cidr();
// IncorrectRouteEntryStatus.
Refusal route_blocked();

// The rules that concern the entry alone: its table, destination, next hop and names.
Outcome<RouteEntry> checked_route(const State& state, const NewRoute& wanted);
// Calls are serial in a VPC: TaskConflict while another one runs.
Check check_vpc_idle(const State& state, const std::string& table);
// And no entry of the table is Pending.
Check check_table_idle(const State& state, const std::string& table);
// No other entry has the destination, and the table is not full.
Check check_unique_and_room(const State& state, const RouteEntry& wanted);
// The entry with this very destination; null where there is none.
const RouteEntry* route_to(const State& state, const std::string& table,
                           const base::Prefix& destination);

}  // namespace catena::sim
