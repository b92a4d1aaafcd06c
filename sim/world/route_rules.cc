#include "sim/world/route_rules.h"

#include <algorithm>

#include "sim/world/refusals.h"

namespace catena::sim {
namespace {

using base::Prefix;

constexpr std::size_t kNameMost = 128;
constexpr std::size_t kDescriptionMost = 256;

bool inside(const Prefix& inner, const Prefix& outer) {
  return outer.family() == inner.family() && outer.length() <= inner.length() &&
         outer.contains(inner.network());
}

Check check_destination(const State& state, const std::string& vpc, const Prefix& destination) {
  if (inside(destination, service_range())) {
    return Refusal{400, "InvalidCidrBlock",
                   "Specified CIDR block must not be in 100.64.0.0/10, which the cloud's services "
                   "use."};
  }
  for (const auto& [id, vswitch] : state.vswitches) {
    if (vswitch.vpc == vpc && (inside(destination, vswitch.cidr) ||
                               (vswitch.ipv6_cidr && inside(destination, *vswitch.ipv6_cidr)))) {
      return Refusal{400, "InvalidCidrBlock",
                     "Specified CIDR block must not equal or lie in the CIDR block of a vSwitch."};
    }
  }
  return {};
}

Check check_next_hop(const State& state, const std::string& vpc, const NewRoute& wanted) {
  if (wanted.next_hop_type == "Instance") {
    const auto instance = state.instances.find(wanted.next_hop);
    if (instance == state.instances.end()) {
      return Refusal{400, "IllegalParam.NextHopId", "Instance not exists or not vpc vm."};
    }
    if (instance->second.vpc != vpc) {
      return Refusal{400, "OperationFailed.InstanceDismatchCurrentVpc",
                     "The instance is not in the VPC of the route table."};
    }
    return {};
  }
  if (wanted.next_hop_type != "NetworkInterface") {
    return Refusal{400, "InvalidParameter",
                   "The specified NextHopType is not supported: Instance and NetworkInterface "
                   "are."};
  }
  const auto eni = state.enis.find(wanted.next_hop);
  if (eni == state.enis.end()) {
    return Refusal{404, "InvalidNextHopId.NotFound", "The specified NextHopId is not found."};
  }
  if (eni->second.vpc != vpc) {
    return Refusal{400, "OperationFailed.InstanceDismatchCurrentVpc",
                   "The network interface is not in the VPC of the route table."};
  }
  return {};
}

Check check_names(const NewRoute& wanted) {
  const auto is_url = [](const std::string& text) {
    return text.starts_with("http://") || text.starts_with("https://");
  };
  if (wanted.name.size() > kNameMost || is_url(wanted.name)) {
    return bad_parameter("RouteEntryName");
  }
  if (wanted.description.size() > kDescriptionMost || is_url(wanted.description)) {
    return bad_parameter("Description");
  }
  return {};
}

bool has_custom(const State& state, const std::string& table, RouteState in_state) {
  return std::any_of(state.routes.begin(), state.routes.end(), [&](const auto& entry) {
    return entry.second.table == table && !entry.second.system && entry.second.state == in_state;
  });
}

}  // namespace

Prefix service_range() { return Prefix::parse("100.64.0.0/10").value(); }

Refusal bad_route_cidr() {
  return {400, "InvalidCidrBlock.Malformed", "The specified CIDR block is not valid."};
}

Refusal route_blocked() {
  return {400, "IncorrectRouteEntryStatus", "Some route entry status blocked this operation."};
}

Check check_vpc_idle(const State& state, const std::string& table) {
  if (state.vpcs.at(state.tables.at(table).vpc).route_busy_until > state.now) {
    return Refusal{400, "TaskConflict",
                   "The operation is too frequent, please wait a moment and try again."};
  }
  return {};
}

Check check_table_idle(const State& state, const std::string& table) {
  TRY(check_vpc_idle(state, table));
  if (has_custom(state, table, RouteState::kPending)) {
    return route_blocked();
  }
  return {};
}

const RouteEntry* route_to(const State& state, const std::string& table,
                           const Prefix& destination) {
  for (const auto& [id, route] : state.routes) {
    if (route.table == table && route.destination == destination) {
      return &route;
    }
  }
  return nullptr;
}

Check check_unique_and_room(const State& state, const RouteEntry& wanted) {
  const RouteEntry* same = route_to(state, wanted.table, wanted.destination);
  if (same != nullptr && same->state != RouteState::kAvailable) {
    return route_blocked();
  }
  if (same != nullptr) {
    return Refusal{400, "InvalidCIDRBlock.Duplicate", "Specified CIDR block is already exists."};
  }
  const auto custom =
      std::count_if(state.routes.begin(), state.routes.end(), [&](const auto& entry) {
        return entry.second.table == wanted.table && !entry.second.system;
      });
  if (custom >= state.scene.limits.routes_per_table) {
    return Refusal{400, "QuotaExceeded", "Route entry quota exceeded in this route table."};
  }
  return {};
}

Outcome<RouteEntry> checked_route(const State& state, const NewRoute& wanted) {
  const auto destination = Prefix::parse_or_host(wanted.destination);
  if (!destination.ok() || destination->has_host_bits()) {
    return bad_route_cidr();
  }
  TRY(check_names(wanted));
  const auto table = state.tables.find(wanted.table);
  if (table == state.tables.end()) {
    return Refusal{404, "InvalidRouteTableId.NotFound", "The specified RouteTableId is not found."};
  }
  TRY(check_next_hop(state, table->second.vpc, wanted));
  TRY(check_destination(state, table->second.vpc, *destination));
  RouteEntry route;
  route.table = wanted.table;
  route.destination = *destination;
  route.next_hop = wanted.next_hop;
  route.next_hop_type = wanted.next_hop_type;
  route.name = wanted.name;
  route.description = wanted.description;
  return route;
}

}  // namespace catena::sim
