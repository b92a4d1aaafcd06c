// Route tables and their entries.
#include <nlohmann/json.hpp>

#include "common/cloud/call_options.h"
#include "common/cloud/paging.h"
#include "common/cloud/reader.h"
#include "common/cloud/vpc.h"

namespace catena::cloud {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using base::Status;
using nlohmann::json;

RouteEntry read_route_entry(const Reader& answer) {
  RouteEntry entry;
  entry.id = answer.text("RouteEntryId");
  entry.route_table_id = answer.text("RouteTableId");
  entry.destination = answer.required_prefix("DestinationCidrBlock");
  entry.status = answer.text("Status");
  entry.type = answer.text("Type");
  entry.name = answer.text("RouteEntryName");
  entry.description = answer.text("Description");
  for (const Reader& item : answer.list("NextHops", "NextHop")) {
    entry.next_hops.push_back(NextHop{item.text("NextHopType"), item.text("NextHopId")});
  }
  return entry;
}

RouteTable read_route_table(const Reader& answer) {
  RouteTable table;
  table.id = answer.text("RouteTableId");
  table.vpc_id = answer.text("VpcId");
  table.vrouter_id = answer.text("RouterId");
  table.name = answer.text("RouteTableName");
  table.type = answer.text("RouteTableType");
  table.status = answer.text("Status");
  table.vswitch_ids = answer.texts("VSwitchIds", "VSwitchId");
  return table;
}

Params params_of(const Client& client, const RouteEntryFilter& filter) {
  Params params;
  add_param(params, "RegionId", client.region());
  add_param(params, "RouteTableId", filter.route_table_id);
  add_param(params, "RouteEntryId", filter.entry_id);
  if (filter.destination.has_value()) {
    add_param(params, "DestinationCidrBlock", filter.destination->to_string());
  }
  add_param(params, "RouteEntryType", filter.type);
  add_param(params, "NextHopType", filter.next_hop_type);
  add_param(params, "NextHopId", filter.next_hop_id);
  return params;
}

}  // namespace

Result<std::string> create_route_entry(Client& client, const CreateRouteEntry& wanted,
                                       const CallOptions& options) {
  constexpr std::string_view kAction = "CreateRouteEntry";
  Params params;
  add_param(params, "RegionId", client.region());
  add_param(params, "RouteTableId", wanted.route_table_id);
  add_param(params, "DestinationCidrBlock", wanted.destination.to_string());
  add_param(params, "NextHopType",
            wanted.next_hop.type.empty() ? "Instance" : wanted.next_hop.type);
  add_param(params, "NextHopId", wanted.next_hop.id);
  add_param(params, "RouteEntryName", wanted.name);
  add_param(params, "Description", wanted.description);
  const json answer = TRY(client.call(Product::kVpc, kAction, params, with_token(client, options)));
  Complaint complaint(kAction);
  std::string id = Reader(answer, complaint).text("RouteEntryId");
  TRY(complaint.to_status());
  if (id.empty()) {
    return Error(ErrorKind::kTryAgain, std::string(kAction) + ": the answer names no entry")
        .code(kGarbage);
  }
  return id;
}

Status delete_route_entry(Client& client, const DeleteRouteEntry& what,
                          const CallOptions& options) {
  Params params;
  add_param(params, "RegionId", client.region());
  if (!what.entry_id.empty()) {
    add_param(params, "RouteEntryId", what.entry_id);
  } else {
    add_param(params, "RouteTableId", what.route_table_id);
    add_param(params, "DestinationCidrBlock", what.destination.to_string());
    add_param(params, "NextHopId", what.next_hop_id);
  }
  const auto answer =
      client.call(Product::kVpc, "DeleteRouteEntry", params, without_token(options));
  return answer.ok() ? Status() : gone_is_success(answer.error());
}

Result<std::vector<RouteEntry>> describe_route_entry_list(Client& client,
                                                          const RouteEntryFilter& filter,
                                                          const CallOptions& options) {
  const Listing listing{.product = Product::kVpc,
                        .action = "DescribeRouteEntryList",
                        .outer = "RouteEntrys",
                        .inner = "RouteEntry",
                        .size_name = "MaxResult",
                        .size = 100};
  std::vector<RouteEntry> entries;
  TRY(for_each_item(client, listing, params_of(client, filter), options, [&](const Reader& item) {
    RouteEntry entry = read_route_entry(item);
    // Not asked of the cloud: how it wants IpVersion written differs by document.
    if (!filter.family.has_value() || entry.destination.family() == *filter.family) {
      entries.push_back(std::move(entry));
    }
  }));
  return entries;
}

Result<std::vector<RouteTable>> describe_route_table_list(Client& client, const std::string& vpc_id,
                                                          const CallOptions& options) {
  const Listing listing{.product = Product::kVpc,
                        .action = "DescribeRouteTableList",
                        .outer = "RouterTableList",
                        .inner = "RouterTableListType",
                        .size_name = "PageSize",
                        .size = 50};
  Params params;
  add_param(params, "RegionId", client.region());
  add_param(params, "VpcId", vpc_id);
  add_param(params, "RouterType", "VRouter");
  std::vector<RouteTable> tables;
  TRY(for_each_item(client, listing, params, options,
                    [&](const Reader& item) { tables.push_back(read_route_table(item)); }));
  return tables;
}

}  // namespace catena::cloud
