// Every action the world knows, by product and name.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "sim/world/outcome.h"
#include "sim/world/params.h"
#include "sim/world/state.h"

namespace catena::sim {

using ActionFunction = Outcome<nlohmann::json> (*)(State&, const Params&);

// Null: no such action.
ActionFunction find_action(const std::string& product, const std::string& name);

Outcome<nlohmann::json> carry_out(State& state, const Action& action);

// Each in the file of its family.
Outcome<nlohmann::json> create_network_interface(State& state, const Params& params);
Outcome<nlohmann::json> attach_network_interface(State& state, const Params& params);
Outcome<nlohmann::json> detach_network_interface(State& state, const Params& params);
Outcome<nlohmann::json> delete_network_interface(State& state, const Params& params);
Outcome<nlohmann::json> describe_network_interfaces(State& state, const Params& params);
Outcome<nlohmann::json> describe_network_interface_attribute(State& state, const Params& params);
Outcome<nlohmann::json> modify_network_interface_attribute(State& state, const Params& params);
Outcome<nlohmann::json> assign_private_ip_addresses(State& state, const Params& params);
Outcome<nlohmann::json> unassign_private_ip_addresses(State& state, const Params& params);
Outcome<nlohmann::json> assign_ipv6_addresses(State& state, const Params& params);
Outcome<nlohmann::json> unassign_ipv6_addresses(State& state, const Params& params);
Outcome<nlohmann::json> describe_instances(State& state, const Params& params);
Outcome<nlohmann::json> describe_instance_attribute(State& state, const Params& params);
Outcome<nlohmann::json> describe_instance_types(State& state, const Params& params);
Outcome<nlohmann::json> describe_vswitches(State& state, const Params& params);
Outcome<nlohmann::json> describe_vpcs(State& state, const Params& params);
Outcome<nlohmann::json> create_route_entry(State& state, const Params& params);
Outcome<nlohmann::json> create_route_entries(State& state, const Params& params);
Outcome<nlohmann::json> delete_route_entry(State& state, const Params& params);
Outcome<nlohmann::json> describe_route_entry_list(State& state, const Params& params);
Outcome<nlohmann::json> describe_route_table_list(State& state, const Params& params);
Outcome<nlohmann::json> describe_route_tables(State& state, const Params& params);

}  // namespace catena::sim
