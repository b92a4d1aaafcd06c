// Describing ENIs.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "common/cloud/call_options.h"
#include "common/cloud/ecs.h"
#include "common/cloud/eni_answer.h"
#include "common/cloud/paging.h"

namespace catena::cloud {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using nlohmann::json;

Params params_of(const Client& client, const NetworkInterfaceFilter& filter) {
  Params params;
  add_param(params, "RegionId", client.region());
  add_param(params, "VpcId", filter.vpc_id);
  add_param(params, "VSwitchId", filter.vswitch_id);
  add_param(params, "InstanceId", filter.instance_id);
  add_param(params, "SecurityGroupId", filter.security_group_id);
  if (filter.status.has_value()) {
    add_param(params, "Status", name_of(*filter.status));
  }
  if (filter.type.has_value()) {
    add_param(params, "Type", name_of(*filter.type));
  }
  add_list(params, "PrivateIpAddress", texts_of(filter.private_ips));
  add_list(params, "Ipv6Address", texts_of(filter.ipv6s));
  add_param(params, "NetworkInterfaceName", filter.name);
  add_tags(params, filter.tags);
  return params;
}

}  // namespace

Result<std::vector<NetworkInterface>> describe_network_interfaces(
    Client& client, const NetworkInterfaceFilter& filter, const CallOptions& options) {
  const Listing listing{.product = Product::kEcs,
                        .action = "DescribeNetworkInterfaces",
                        .outer = "NetworkInterfaceSets",
                        .inner = "NetworkInterfaceSet",
                        .size_name = "MaxResults",
                        .size = 500};
  const SharedBudget budget(client.pace(), options);
  const Params params = params_of(client, filter);
  std::vector<NetworkInterface> enis;
  for (const auto& ids : parts_of(filter.eni_ids, 100)) {
    Params with_ids = params;
    add_list(with_ids, "NetworkInterfaceId", ids);
    const CallOptions rest = TRY(budget.rest(listing.action));
    TRY(for_each_item(client, listing, with_ids, rest,
                      [&](const Reader& item) { enis.push_back(read_network_interface(item)); }));
  }
  return enis;
}

Result<NetworkInterface> describe_network_interface_attribute(Client& client,
                                                              const std::string& eni_id,
                                                              const CallOptions& options) {
  constexpr std::string_view kAction = "DescribeNetworkInterfaceAttribute";
  Params params;
  add_param(params, "RegionId", client.region());
  add_param(params, "NetworkInterfaceId", eni_id);
  const json answer = TRY(client.call(Product::kEcs, kAction, params, without_token(options)));
  Complaint complaint(kAction);
  NetworkInterface eni = read_network_interface(Reader(answer, complaint));
  TRY(complaint.to_status());
  if (eni.id != eni_id) {
    return Error(ErrorKind::kTryAgain, std::string(kAction) + ": asked for " + eni_id +
                                           ", answered with \"" + eni.id + "\"")
        .code(kGarbage);
  }
  return eni;
}

}  // namespace catena::cloud
