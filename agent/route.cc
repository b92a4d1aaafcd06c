// route.ensure and route.remove.
#include "agent/duties.h"
#include "common/base/text.h"
#include "common/cloud/vpc.h"

namespace catena::agent {
namespace {

using base::Error;
using base::ErrorKind;

// Of the tables of this VPC the one that is meant.
base::Result<std::string> find_table(Duty& duty, const RouteRequest& request) {
  if (!request.table.empty()) {
    return request.table;
  }
  const std::string& vpc = duty.settings().vpc_id;
  const auto tables = TRY(cloud::describe_route_table_list(duty.client(), vpc, duty.call()));
  if (tables.size() == 1) {
    return tables.front().id;
  }
  std::vector<std::string> ids;
  ids.reserve(tables.size());
  for (const cloud::RouteTable& table : tables) {
    ids.push_back(table.id + " (" + table.type + ")");
  }
  if (ids.empty()) {
    return Error(ErrorKind::kNotFound, "no route table of " + vpc + " is listed")
        .advice("look at the RAM rights (vpc:DescribeRouteTableList), or name the table");
  }
  return Error(ErrorKind::kBadConfig, vpc + " has " + std::to_string(ids.size()) +
                                          " route tables: " + base::join(ids, ", "))
      .advice("name the one that the pods' traffic goes by (--table, or routeTableId)");
}

// Written down; what an earlier call left unfinished on the same entry comes to its end first.
base::Result<ipam::Intent> begin(Duty& duty, const RouteRequest& request, const char* action,
                                 ipam::CloudChange change = {}) {
  const ipam::CloudRecords known = TRY(duty.store().cloud());
  for (const ipam::Intent& intent : known.intents) {
    if (parameter(intent, "cidr") == request.cidr.to_string()) {
      TRY(finish(duty, intent));
    }
  }
  ipam::Intent intent;
  intent.key = duty.client().new_token();
  intent.since = duty.wall();
  intent.action = action;
  intent.parameters = {{"cidr", request.cidr.to_string()},
                       {"table", request.table},
                       {"instance", duty.settings().instance_id}};
  change.put_intents = {intent};
  TRY(duty.store().change(change).context("write down what is begun"));
  return intent;
}

}  // namespace

base::Result<ipam::Route> ensure_route(Duty& duty, const RouteRequest& request) {
  RouteRequest exact = request;
  exact.table = TRY(find_table(duty, request));
  const ipam::Intent intent = TRY(begin(duty, exact, kCreateRoute));
  return finish_create_route(duty, intent);
}

base::Status remove_route(Duty& duty, const RouteRequest& request) {
  RouteRequest exact = request;
  ipam::CloudChange change;
  if (auto route = TRY(duty.store().find_route(request.cidr)); route.has_value()) {
    if (exact.table.empty()) {
      exact.table = route->table;
    }
    route->state = ipam::RouteState::kRemoving;
    change.put_routes = {*route};
  }
  exact.table = TRY(find_table(duty, exact));
  const ipam::Intent intent = TRY(begin(duty, exact, kDeleteRoute, std::move(change)));
  return finish_delete_route(duty, intent);
}

}  // namespace catena::agent
