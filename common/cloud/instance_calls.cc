// Instances and their types.
#include <nlohmann/json.hpp>

#include "common/base/fields.h"
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

InstanceInfo read_instance(const Reader& answer) {
  InstanceInfo instance;
  instance.id = answer.text("InstanceId");
  instance.name = answer.text("InstanceName");
  instance.host_name = answer.text("HostName");
  instance.type = answer.text("InstanceType");
  instance.status = answer.text("Status");
  instance.region_id = answer.text("RegionId");
  instance.zone_id = answer.text("ZoneId");
  const Reader vpc = answer.object("VpcAttributes");
  instance.vpc_id = vpc.text("VpcId");
  instance.vswitch_id = vpc.text("VSwitchId");
  instance.private_ips = vpc.addresses("PrivateIpAddress", "IpAddress");
  instance.security_group_ids = answer.texts("SecurityGroupIds", "SecurityGroupId");
  for (const Reader& item : answer.list("NetworkInterfaces", "NetworkInterface")) {
    instance.enis.push_back(InstanceEni{
        .id = item.text("NetworkInterfaceId"),
        .type = eni_type(item.text("Type")),
        .mac = item.mac("MacAddress").value_or(base::Mac{}),
        .primary_ip = item.address("PrimaryIpAddress"),
    });
  }
  instance.tags = answer.tags();
  const auto jumbo = answer.flag("EnableJumboFrame");
  instance.jumbo_frames =
      jumbo.has_value() ? jumbo : answer.object("NetworkOptions").flag("EnableJumboFrame");
  return instance;
}

int count_of(const Reader& answer, std::string_view key) {
  return static_cast<int>(answer.number(key).value_or(0));
}

InstanceType read_instance_type(const Reader& answer) {
  InstanceType type;
  type.id = answer.text("InstanceTypeId");
  type.family = answer.text("InstanceTypeFamily");
  type.eni_quantity = count_of(answer, "EniQuantity");
  type.eni_total_quantity = count_of(answer, "EniTotalQuantity");
  type.ipv4_per_eni = count_of(answer, "EniPrivateIpAddressQuantity");
  type.ipv6_per_eni = count_of(answer, "EniIpv6AddressQuantity");
  type.trunk_supported = answer.flag("EniTrunkSupported").value_or(false);
  type.jumbo_frames = answer.flag("JumboFrameSupport").value_or(false);
  type.network_cards = std::max(1, count_of(answer, "NetworkCardQuantity"));
  type.bandwidth_rx = answer.number("InstanceBandwidthRx").value_or(0);
  type.bandwidth_tx = answer.number("InstanceBandwidthTx").value_or(0);
  type.secondary_eni_queues = count_of(answer, "SecondaryEniQueueNumber");
  return type;
}

}  // namespace

Result<std::vector<InstanceInfo>> describe_instances(Client& client, const InstanceFilter& filter,
                                                     const CallOptions& options) {
  const Listing listing{.product = Product::kEcs,
                        .action = "DescribeInstances",
                        .outer = "Instances",
                        .inner = "Instance",
                        .size_name = "MaxResults",
                        .size = 100};
  Params params;
  add_param(params, "RegionId", client.region());
  add_param(params, "VpcId", filter.vpc_id);
  add_param(params, "VSwitchId", filter.vswitch_id);
  add_param(params, "Status", filter.status);
  add_tags(params, filter.tags);
  const SharedBudget budget(client.pace(), options);
  std::vector<InstanceInfo> instances;
  for (const auto& ids : parts_of(filter.instance_ids, 100)) {
    Params with_ids = params;
    if (!ids.empty()) {
      add_param(with_ids, "InstanceIds", base::print_json(json(ids)));  // one JSON text
    }
    const CallOptions rest = TRY(budget.rest(listing.action));
    TRY(for_each_item(client, listing, with_ids, rest,
                      [&](const Reader& item) { instances.push_back(read_instance(item)); }));
  }
  return instances;
}

Result<InstanceInfo> describe_instance_attribute(Client& client, const std::string& instance_id,
                                                 const CallOptions& options) {
  constexpr std::string_view kAction = "DescribeInstanceAttribute";
  Params params;
  add_param(params, "InstanceId", instance_id);
  const json answer = TRY(client.call(Product::kEcs, kAction, params, without_token(options)));
  Complaint complaint(kAction);
  InstanceInfo instance = read_instance(Reader(answer, complaint));
  TRY(complaint.to_status());
  if (instance.id != instance_id) {
    return Error(ErrorKind::kTryAgain, std::string(kAction) + ": asked for " + instance_id +
                                           ", answered with \"" + instance.id + "\"")
        .code(kGarbage);
  }
  return instance;
}

Result<std::vector<InstanceType>> describe_instance_types(Client& client,
                                                          const std::vector<std::string>& types,
                                                          const CallOptions& options) {
  const Listing listing{.product = Product::kEcs,
                        .action = "DescribeInstanceTypes",
                        .outer = "InstanceTypes",
                        .inner = "InstanceType",
                        .size_name = "MaxResults",
                        .size = 100};
  const SharedBudget budget(client.pace(), options);
  std::vector<InstanceType> found;
  for (const auto& part : parts_of(types, 10)) {
    Params params;
    add_list(params, "InstanceTypes", part);
    const CallOptions rest = TRY(budget.rest(listing.action));
    TRY(for_each_item(client, listing, params, rest,
                      [&](const Reader& item) { found.push_back(read_instance_type(item)); }));
  }
  return found;
}

}  // namespace catena::cloud
