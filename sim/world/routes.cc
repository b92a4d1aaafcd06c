// CreateRouteEntry, CreateRouteEntries, DeleteRouteEntry.
#include "sim/world/routes.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "sim/world/actions.h"
#include "sim/world/eni_rules.h"
#include "sim/world/plane_feed.h"
#include "sim/world/refusals.h"
#include "sim/world/route_rules.h"
#include "sim/world/visibility.h"

namespace catena::sim {
namespace {

using base::Prefix;
using nlohmann::json;

constexpr std::size_t kBatchMost = 50;

// Keeps the VPC busy until the call answers.
void occupy_vpc(State& state, const std::string& table) {
  state.answer_after = state.random.within(state.scene.delays.route_call);
  state.vpcs.at(state.tables.at(table).vpc).route_busy_until = state.now + state.answer_after;
}

std::string code_in_batch(const Refusal& refusal) {
  if (refusal.code == "InvalidCIDRBlock.Duplicate") {
    return "VPC_ROUTE_ENTRY_CIDR_BLOCK_DUPLICATE";
  }
  if (refusal.code == "IncorrectRouteEntryStatus") {
    return "VPC_ROUTE_ENTRY_STATUS_ERROR";
  }
  return refusal.code;
}

std::string field(const std::map<std::string, std::string>& fields, const std::string& name) {
  const auto found = fields.find(name);
  return found == fields.end() ? std::string() : found->second;
}

NewRoute from_batch(const std::map<std::string, std::string>& fields) {
  NewRoute wanted;
  wanted.table = field(fields, "RouteTableId");
  wanted.destination = field(fields, "DstCidrBlock");
  wanted.next_hop = field(fields, "NextHop");
  wanted.next_hop_type =
      field(fields, "NextHopType").empty() ? "Instance" : field(fields, "NextHopType");
  wanted.name = field(fields, "Name");
  wanted.description = field(fields, "Description");
  return wanted;
}

Outcome<std::string> create_in_batch(State& state, const NewRoute& wanted) {
  RouteEntry route = TRY(checked_route(state, wanted));
  TRY(check_unique_and_room(state, route));
  return put_route(state, std::move(route), false).id;
}

void route_available(State& state, const std::string& id) {
  const auto found = state.routes.find(id);
  if (found != state.routes.end() && found->second.state == RouteState::kPending) {
    found->second.state = RouteState::kAvailable;
    found->second.modified = state.now;
    publish_route(state, found->second);
    feed_routes(state);
  }
}

// By id, or by table, destination and next hop.
Outcome<RouteEntry*> route_to_delete(State& state, const Params& params) {
  const Refusal not_found{400, "InvalidRouteEntry.NotFound",
                          "The specified route entry is not found."};
  const std::string id = params.text("RouteEntryId");
  if (!id.empty()) {
    const auto found = state.routes.find(id);
    if (found == state.routes.end()) {
      return not_found;
    }
    return &found->second;
  }
  const std::string table = TRY(params.required("RouteTableId"));
  const std::string text = TRY(params.required("DestinationCidrBlock"));
  const std::string next_hop = params.text("NextHopId");
  const auto destination = Prefix::parse_or_host(text);
  if (!destination.ok()) {
    return bad_route_cidr();
  }
  if (!state.tables.contains(table)) {
    return Refusal{404, "InvalidRouteTableId.NotFound", "The specified RouteTableId is not found."};
  }
  const RouteEntry* found = route_to(state, table, *destination);
  if (found == nullptr || (!found->system && found->next_hop != next_hop)) {
    return not_found;
  }
  return &state.routes.at(found->id);
}

}  // namespace

std::string_view name_of(RouteState state) {
  switch (state) {
    case RouteState::kPending:
      return "Pending";
    case RouteState::kAvailable:
      return "Available";
    case RouteState::kDeleting:
      return "Deleting";
  }
  return "";
}

RouteEntry& put_route(State& state, RouteEntry route, bool at_once) {
  route.id = state.random.id("rte-");
  route.serial = state.new_serial();
  route.state = at_once ? RouteState::kAvailable : RouteState::kPending;
  route.modified = state.now;
  const std::string id = route.id;
  RouteEntry& kept = state.routes.emplace(id, std::move(route)).first->second;
  publish_route(state, kept);
  if (!at_once) {
    state.at(state.now + state.answer_after + state.random.within(state.scene.delays.route_create),
             [id](State& world) { route_available(world, id); });
  }
  return kept;
}

void put_system_routes(State& state) {
  for (const auto& [table_id, table] : state.tables) {
    std::vector<Prefix> destinations;
    for (const auto& [id, vswitch] : state.vswitches) {
      if (vswitch.vpc == table.vpc) {
        destinations.push_back(vswitch.cidr);
        if (vswitch.ipv6_cidr) {
          destinations.push_back(*vswitch.ipv6_cidr);
        }
      }
    }
    destinations.push_back(service_range());
    for (const Prefix& destination : destinations) {
      RouteEntry route;
      route.table = table_id;
      route.destination = destination;
      route.system = true;
      route.service = destination == service_range();
      route.next_hop_type = "local";
      put_route(state, std::move(route), true);
    }
  }
}

void remove_route(State& state, const std::string& id) {
  const auto found = state.routes.find(id);
  if (found != state.routes.end()) {
    publish_route_gone(state, found->second);
    state.routes.erase(found);
    feed_routes(state);
  }
}

Outcome<json> create_route_entry(State& state, const Params& params) {
  TRY(check_region(state, params));
  NewRoute wanted;
  wanted.table = TRY(params.required("RouteTableId"));
  wanted.destination = TRY(params.required("DestinationCidrBlock"));
  if (!params.list("NextHopList").empty() || !params.objects("NextHopList").empty()) {
    return Refusal{400, "UnsupportedParameter", "NextHopList (ECMP) is not supported."};
  }
  wanted.next_hop = TRY(params.required("NextHopId"));
  if (params.has("NextHopType")) {
    wanted.next_hop_type = params.text("NextHopType");
  }
  wanted.name = params.text("RouteEntryName");
  wanted.description = params.text("Description");
  const bool only_try = TRY(params.boolean("DryRun")).value_or(false);
  RouteEntry route = TRY(checked_route(state, wanted));
  TRY(check_table_idle(state, wanted.table));
  TRY(check_unique_and_room(state, route));
  if (only_try) {
    return dry_run();
  }
  occupy_vpc(state, wanted.table);
  return json{{"RouteEntryId", put_route(state, std::move(route), false).id}};
}

Outcome<json> create_route_entries(State& state, const Params& params) {
  TRY(check_region(state, params));
  const auto entries = params.objects("RouteEntries");
  if (entries.empty()) {
    return missing_parameter("RouteEntries");
  }
  if (entries.size() > kBatchMost) {
    return bad_parameter("RouteEntries");
  }
  for (const auto& fields : entries) {
    const std::string table = field(fields, "RouteTableId");
    if (!state.tables.contains(table)) {
      return Refusal{404, "InvalidRouteTableId.NotFound",
                     "The specified RouteTableId is not found."};
    }
    TRY(check_table_idle(state, table));
  }
  if (TRY(params.boolean("DryRun")).value_or(false)) {
    return dry_run();
  }
  occupy_vpc(state, field(entries.front(), "RouteTableId"));
  std::vector<std::string> ids;
  json failed = json::array();
  for (const auto& fields : entries) {
    const NewRoute wanted = from_batch(fields);
    auto made = create_in_batch(state, wanted);
    if (made.ok()) {
      ids.push_back(std::move(made).value());
      continue;
    }
    const Refusal refusal = std::move(made).error();
    failed.push_back(json{{"DstCidrBlock", wanted.destination},
                          {"NextHop", wanted.next_hop},
                          {"FailedCode", code_in_batch(refusal)},
                          {"FailedMessage", refusal.message}});
  }
  return json{{"RouteEntryIds", ids},
              {"SuccessCount", ids.size()},
              {"FailedCount", failed.size()},
              {"FailedRouteEntries", failed}};
}

Outcome<json> delete_route_entry(State& state, const Params& params) {
  TRY(check_region(state, params));
  RouteEntry* route = TRY(route_to_delete(state, params));
  if (route->system) {
    return Refusal{400, "OperationDenied", "System route entries cannot be deleted."};
  }
  TRY(check_vpc_idle(state, route->table));
  if (route->state != RouteState::kAvailable) {
    return route_blocked();
  }
  if (TRY(params.boolean("DryRun")).value_or(false)) {
    return dry_run();
  }
  occupy_vpc(state, route->table);
  route->state = RouteState::kDeleting;
  route->modified = state.now;
  publish_route(state, *route);
  state.at(state.now + state.answer_after + state.random.within(state.scene.delays.route_delete),
           [id = route->id](State& world) { remove_route(world, id); });
  return json::object();
}

}  // namespace catena::sim
