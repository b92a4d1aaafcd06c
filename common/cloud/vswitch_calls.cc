// VPCs and vSwitches.
#include <algorithm>

#include "common/base/text.h"
#include "common/cloud/call_options.h"
#include "common/cloud/paging.h"
#include "common/cloud/reader.h"
#include "common/cloud/vpc.h"

namespace catena::cloud {
namespace {

using base::Result;
using base::Status;

VSwitch read_vswitch(const Reader& answer) {
  VSwitch vswitch;
  vswitch.id = answer.text("VSwitchId");
  vswitch.vpc_id = answer.text("VpcId");
  vswitch.zone_id = answer.text("ZoneId");
  vswitch.name = answer.text("VSwitchName");
  vswitch.status = answer.text("Status");
  vswitch.cidr = answer.prefix("CidrBlock");
  vswitch.ipv6_cidr = answer.prefix("Ipv6CidrBlock");
  vswitch.available_ips = answer.number("AvailableIpAddressCount").value_or(0);
  vswitch.route_table_id = answer.object("RouteTable").text("RouteTableId");
  vswitch.tags = answer.tags();
  return vswitch;
}

template <typename Value>
void append(std::vector<Value>& all, const std::vector<Value>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

Vpc read_vpc(const Reader& answer) {
  Vpc vpc;
  vpc.id = answer.text("VpcId");
  vpc.name = answer.text("VpcName");
  vpc.status = answer.text("Status");
  vpc.region_id = answer.text("RegionId");
  if (const auto cidr = answer.prefix("CidrBlock"); cidr.has_value()) {
    vpc.cidrs.push_back(*cidr);
  }
  append(vpc.cidrs, answer.prefixes("SecondaryCidrBlocks", "SecondaryCidrBlock"));
  append(vpc.cidrs, answer.prefixes("UserCidrs", "UserCidr"));
  if (const auto cidr = answer.prefix("Ipv6CidrBlock"); cidr.has_value()) {
    vpc.ipv6_cidrs.push_back(*cidr);
  }
  // Those of all providers, the first one's again among them.
  for (const base::Prefix& cidr :
       answer.prefixes("Ipv6CidrBlocks", "Ipv6CidrBlock", "Ipv6CidrBlock")) {
    if (std::ranges::find(vpc.ipv6_cidrs, cidr) == vpc.ipv6_cidrs.end()) {
      vpc.ipv6_cidrs.push_back(cidr);
    }
  }
  vpc.vrouter_id = answer.text("VRouterId");
  vpc.route_table_ids = answer.texts("RouterTableIds", "RouterTableIds");
  vpc.vswitch_ids = answer.texts("VSwitchIds", "VSwitchId");
  vpc.tags = answer.tags();
  return vpc;
}

}  // namespace

Result<std::vector<VSwitch>> describe_vswitches(Client& client, const VSwitchFilter& filter,
                                                const CallOptions& options) {
  const Listing listing{.product = Product::kVpc,
                        .action = "DescribeVSwitches",
                        .outer = "VSwitches",
                        .inner = "VSwitch",
                        .size_name = "PageSize",
                        .size = 50};
  Params params;
  add_param(params, "RegionId", client.region());
  add_param(params, "VpcId", filter.vpc_id);
  add_param(params, "ZoneId", filter.zone_id);
  add_tags(params, filter.tags);
  const SharedBudget budget(client.pace(), options);
  std::vector<VSwitch> vswitches;
  // One id a call: whether a list is taken is not documented.
  for (const auto& ids : parts_of(filter.vswitch_ids, 1)) {
    Params with_id = params;
    add_param(with_id, "VSwitchId", base::join(ids, ","));
    const CallOptions rest = TRY(budget.rest(listing.action));
    Status listed = for_each_item(client, listing, with_id, rest, [&](const Reader& item) {
      vswitches.push_back(read_vswitch(item));
    });
    const bool is_missing =
        !listed.ok() && !ids.empty() && listed.error().code() == "InvalidVSwitchId.NotFound";
    if (!listed.ok() && !is_missing) {
      return std::move(listed).error();
    }
  }
  return vswitches;
}

Result<std::vector<Vpc>> describe_vpcs(Client& client, const std::vector<std::string>& vpc_ids,
                                       const CallOptions& options) {
  const Listing listing{.product = Product::kVpc,
                        .action = "DescribeVpcs",
                        .outer = "Vpcs",
                        .inner = "Vpc",
                        .size_name = "PageSize",
                        .size = 50};
  const SharedBudget budget(client.pace(), options);
  std::vector<Vpc> vpcs;
  for (const auto& ids : parts_of(vpc_ids, 20)) {
    Params params;
    add_param(params, "RegionId", client.region());
    add_param(params, "VpcId", base::join(ids, ","));
    const CallOptions rest = TRY(budget.rest(listing.action));
    TRY(for_each_item(client, listing, params, rest,
                      [&](const Reader& item) { vpcs.push_back(read_vpc(item)); }));
  }
  return vpcs;
}

}  // namespace catena::cloud
