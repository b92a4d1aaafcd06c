#include "sim/world/actions.h"

#include <map>
#include <utility>

#include <nlohmann/json.hpp>

namespace catena::sim {

ActionFunction find_action(const std::string& product, const std::string& name) {
  static const std::map<std::pair<std::string, std::string>, ActionFunction> actions{
      {{"ecs", "CreateNetworkInterface"}, create_network_interface},
      {{"ecs", "AttachNetworkInterface"}, attach_network_interface},
      {{"ecs", "DetachNetworkInterface"}, detach_network_interface},
      {{"ecs", "DeleteNetworkInterface"}, delete_network_interface},
      {{"ecs", "DescribeNetworkInterfaces"}, describe_network_interfaces},
      {{"ecs", "DescribeNetworkInterfaceAttribute"}, describe_network_interface_attribute},
      {{"ecs", "ModifyNetworkInterfaceAttribute"}, modify_network_interface_attribute},
      {{"ecs", "AssignPrivateIpAddresses"}, assign_private_ip_addresses},
      {{"ecs", "UnassignPrivateIpAddresses"}, unassign_private_ip_addresses},
      {{"ecs", "AssignIpv6Addresses"}, assign_ipv6_addresses},
      {{"ecs", "UnassignIpv6Addresses"}, unassign_ipv6_addresses},
      {{"ecs", "DescribeInstances"}, describe_instances},
      {{"ecs", "DescribeInstanceAttribute"}, describe_instance_attribute},
      {{"ecs", "DescribeInstanceTypes"}, describe_instance_types},
      {{"vpc", "DescribeVSwitches"}, describe_vswitches},
      {{"vpc", "DescribeVpcs"}, describe_vpcs},
      {{"vpc", "CreateRouteEntry"}, create_route_entry},
      {{"vpc", "CreateRouteEntries"}, create_route_entries},
      {{"vpc", "DeleteRouteEntry"}, delete_route_entry},
      {{"vpc", "DescribeRouteEntryList"}, describe_route_entry_list},
      {{"vpc", "DescribeRouteTableList"}, describe_route_table_list},
      {{"vpc", "DescribeRouteTables"}, describe_route_tables}};
  const auto found = actions.find({product, name});
  return found == actions.end() ? nullptr : found->second;
}

Outcome<nlohmann::json> carry_out(State& state, const Action& action) {
  const ActionFunction function = find_action(action.product, action.name);
  if (function == nullptr) {
    return Refusal{404, "InvalidAction.NotFound", "The specified API is not found."};
  }
  return function(state, Params(action));
}

}  // namespace catena::sim
