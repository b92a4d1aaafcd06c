// DescribeRouteEntryList, DescribeRouteTableList, DescribeRouteTables.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "sim/world/actions.h"
#include "sim/world/eni_rules.h"
#include "sim/world/format.h"
#include "sim/world/paging.h"
#include "sim/world/refusals.h"
#include "sim/world/routes.h"
#include "sim/world/visibility.h"

namespace catena::sim {
namespace {

using nlohmann::json;

constexpr TokenRules kRouteTokens{
    "MaxResult", 1, 100, 10, "IllegalParam.NextToken", "IllegalParam.NextTokenExpired"};
constexpr std::int64_t kPageMost = 50;
constexpr std::size_t kDestinationsMost = 20;

bool equals(const Params& params, std::string_view name, std::string_view value) {
  return !params.has(name) || params.text(name) == value;
}

std::string_view ip_version(const RouteEntry& route) {
  return route.destination.is_v4() ? "IPv4" : "IPv6";
}

// 0: the next hop is gone, so the entry leads nowhere.
int is_enabled(const State& state, const RouteEntry& route) {
  return route.next_hop.empty() || state.instances.contains(route.next_hop) ||
                 state.enis.contains(route.next_hop)
             ? 1
             : 0;
}

json next_hops(const State& state, const RouteEntry& route) {
  std::vector<json> list;
  list.push_back(json{{"NextHopId", route.next_hop},
                      {"NextHopType", route.next_hop_type},
                      {"NextHopRegionId", ""},
                      {"Weight", 0},
                      {"Enabled", is_enabled(state, route)}});
  return wrapped("NextHop", std::move(list));
}

json route_json(const State& state, const RouteEntry& route) {
  return json{{"RouteEntryId", route.id},
              {"RouteTableId", route.table},
              {"DestinationCidrBlock", route.destination.to_string()},
              {"Status", name_of(route.state)},
              {"Type", route.system ? "System" : "Custom"},
              {"IpVersion", ip_version(route)},
              {"RouteEntryName", route.name},
              {"Description", route.description},
              {"GmtModified", with_seconds(route.modified)},
              {"Origin", route.system ? "SystemCreate" : "CustomCreate"},
              {"ServiceType", ""},
              {"NextHops", next_hops(state, route)}};
}

// The older call's shape.
json old_route_json(const RouteEntry& route) {
  return json{{"RouteTableId", route.table},
              {"RouteEntryId", route.id},
              {"DestinationCidrBlock", route.destination.to_string()},
              {"Type", route.system ? "System" : "Custom"},
              {"Status", name_of(route.state)},
              {"NextHopType", route.next_hop_type},
              {"InstanceId", route.next_hop},
              {"RouteEntryName", route.name},
              {"Description", route.description},
              {"NextHops", {{"NextHop", json::array()}}}};
}

bool matches(const Params& params, const std::vector<std::string>& destinations,
             const RouteEntry& route) {
  return route.table == params.text("RouteTableId") && equals(params, "RouteEntryId", route.id) &&
         equals(params, "DestinationCidrBlock", route.destination.to_string()) &&
         (destinations.empty() || std::find(destinations.begin(), destinations.end(),
                                            route.destination.to_string()) != destinations.end()) &&
         equals(params, "RouteEntryType", route.system ? "System" : "Custom") &&
         equals(params, "NextHopType", route.next_hop_type) &&
         equals(params, "NextHopId", route.next_hop) &&
         (equals(params, "IpVersion", ip_version(route)) ||
          params.text("IpVersion") == (route.destination.is_v4() ? "4" : "6"));
}

std::vector<std::string> vswitches_of(const State& state, const RouteTable& table) {
  std::vector<std::string> ids;
  for (const auto& [id, vswitch] : state.vswitches) {
    if (vswitch.vpc == table.vpc && table.system) {
      ids.push_back(id);
    }
  }
  return ids;
}

json listed_table(const State& state, const RouteTable& table) {
  const Vpc& vpc = state.vpcs.at(table.vpc);
  return json{{"RouteTableId", table.id},
              {"VpcId", table.vpc},
              {"RouterId", vpc.router},
              {"RouterType", "VRouter"},
              {"RouteTableType", table.system ? "System" : "Custom"},
              {"RouteTableName", ""},
              {"Description", ""},
              {"Status", "Available"},
              {"AssociateType", "VSwitch"},
              {"CreationTime", with_seconds(state.scene.start)},
              {"OwnerId", std::stoll(state.scene.account)},
              {"ResourceGroupId", ""},
              {"VSwitchIds", wrapped_texts("VSwitchId", vswitches_of(state, table))},
              {"Tags", {{"Tag", json::array()}}}};
}

json old_table(const State& state, const RouteTable& table) {
  std::vector<json> routes;
  for (const RoutePtr& route : seen_routes(state)) {
    if (route->table == table.id) {
      routes.push_back(old_route_json(*route));
    }
  }
  return json{{"RouteTableId", table.id},
              {"RouteTableType", table.system ? "System" : "Custom"},
              {"VRouterId", state.vpcs.at(table.vpc).router},
              {"Status", "Available"},
              {"CreationTime", with_seconds(state.scene.start)},
              {"ResourceGroupId", ""},
              {"VSwitchIds", wrapped_texts("VSwitchId", vswitches_of(state, table))},
              {"RouteEntrys", wrapped("RouteEntry", std::move(routes))}};
}

using Tables = std::map<std::uint64_t, const RouteTable*>;

Outcome<json> tables_page(const State& state, const Params& params, const Tables& rows,
                          json (*render)(const State&, const RouteTable&), const char* outer,
                          const char* inner) {
  std::vector<std::uint64_t> serials;
  for (const auto& [serial, table] : rows) {
    serials.push_back(serial);
  }
  const Page page = TRY(page_by_number(params, serials, kPageMost));
  std::vector<json> list;
  for (const std::uint64_t serial : page.serials) {
    list.push_back(render(state, *rows.at(serial)));
  }
  return json{{"PageNumber", page.number},
              {"PageSize", page.size},
              {"TotalCount", page.total},
              {outer, wrapped(inner, std::move(list))}};
}

}  // namespace

Outcome<json> describe_route_entry_list(State& state, const Params& params) {
  TRY(check_region(state, params));
  const std::string table = TRY(params.required("RouteTableId"));
  const std::vector<std::string> destinations = params.list("DestCidrBlockList");
  if (destinations.size() > kDestinationsMost) {
    return bad_parameter("DestCidrBlockList.N");
  }
  if (!state.tables.contains(table)) {
    return Refusal{404, "InvalidRouteTable.NotFound", "The specified RouteTableId is not found."};
  }
  std::map<std::uint64_t, RoutePtr> rows;
  std::vector<std::uint64_t> serials;
  for (const RoutePtr& route : seen_routes(state)) {
    if (matches(params, destinations, *route)) {
      rows.emplace(route->serial, route);
      serials.push_back(route->serial);
    }
  }
  const Page page = TRY(page_by_token(state, params, serials, kRouteTokens));
  std::vector<json> list;
  for (const std::uint64_t serial : page.serials) {
    list.push_back(route_json(state, *rows.at(serial)));
  }
  json answer{{"RouteEntrys", wrapped("RouteEntry", std::move(list))}};
  if (!page.next_token.empty()) {
    answer["NextToken"] = page.next_token;
  }
  return answer;
}

Outcome<json> describe_route_table_list(State& state, const Params& params) {
  TRY(check_region(state, params));
  Tables rows;
  for (const auto& [id, table] : state.tables) {
    if (equals(params, "VpcId", table.vpc) && equals(params, "RouteTableId", id) &&
        equals(params, "RouterType", "VRouter") &&
        equals(params, "RouterId", state.vpcs.at(table.vpc).router) &&
        equals(params, "RouteTableType", table.system ? "System" : "Custom")) {
      rows.emplace(table.serial, &table);
    }
  }
  return tables_page(state, params, rows, listed_table, "RouterTableList", "RouterTableListType");
}

Outcome<json> describe_route_tables(State& state, const Params& params) {
  TRY(check_region(state, params));
  if (!params.has("VRouterId") && !params.has("RouterId") && !params.has("RouteTableId")) {
    return missing_parameter("RouteTableId");
  }
  Tables rows;
  for (const auto& [id, table] : state.tables) {
    const std::string& router = state.vpcs.at(table.vpc).router;
    if (equals(params, "RouteTableId", id) && equals(params, "VRouterId", router) &&
        equals(params, "RouterId", router)) {
      rows.emplace(table.serial, &table);
    }
  }
  return tables_page(state, params, rows, old_table, "RouteTables", "RouteTable");
}

}  // namespace catena::sim
