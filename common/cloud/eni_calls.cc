// Making, plugging, changing and deleting ENIs.
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
using base::Status;
using nlohmann::json;

void add_optional(Params& params, std::string_view name, std::optional<bool> value) {
  if (value.has_value()) {
    add_flag(params, name, *value);
  }
}

void add_optional(Params& params, std::string_view name, std::optional<int> value) {
  if (value.has_value()) {
    add_param(params, name, std::to_string(*value));
  }
}

void add_optional(Params& params, std::string_view name, const std::optional<std::string>& value) {
  if (value.has_value()) {
    params.emplace_back(name, *value);
  }
}

Params params_of(const Client& client, const CreateNetworkInterface& wanted) {
  Params params;
  add_param(params, "RegionId", client.region());
  add_param(params, "VSwitchId", wanted.vswitch_id);
  add_list(params, "SecurityGroupIds", wanted.security_group_ids);
  add_param(params, "NetworkInterfaceName", wanted.name);
  add_param(params, "Description", wanted.description);
  add_tags(params, wanted.tags);
  if (wanted.primary_ip.has_value()) {
    add_param(params, "PrimaryIpAddress", wanted.primary_ip->to_string());
  }
  add_list(params, "PrivateIpAddress", texts_of(wanted.private_ips));
  add_count(params, "SecondaryPrivateIpAddressCount", wanted.secondary_ip_count);
  add_list(params, "Ipv6Address", texts_of(wanted.ipv6s));
  add_count(params, "Ipv6AddressCount", wanted.ipv6_count);
  add_list(params, "Ipv4Prefix", texts_of(wanted.ipv4_prefixes));
  add_count(params, "Ipv4PrefixCount", wanted.ipv4_prefix_count);
  add_list(params, "Ipv6Prefix", texts_of(wanted.ipv6_prefixes));
  add_count(params, "Ipv6PrefixCount", wanted.ipv6_prefix_count);
  add_param(params, "InstanceType", name_of(wanted.type));
  add_optional(params, "QueueNumber", wanted.queue_number);
  add_optional(params, "DeleteOnRelease", wanted.delete_on_release);
  add_optional(params, "SourceDestCheck", wanted.source_dest_check);
  add_param(params, "NetworkInterfaceTrafficMode", wanted.traffic_mode);
  add_param(params, "ResourceGroupId", wanted.resource_group_id);
  return params;
}

Status call_ecs(Client& client, std::string_view action, const Params& params,
                const CallOptions& options) {
  TRY(client.call(Product::kEcs, action, params, without_token(options)));
  return {};
}

Params params_of(const Client& client, const AttachNetworkInterface& what) {
  Params params;
  add_param(params, "RegionId", client.region());
  add_param(params, "NetworkInterfaceId", what.eni_id);
  add_param(params, "InstanceId", what.instance_id);
  add_param(params, "TrunkNetworkInstanceId", what.trunk_id);
  return params;
}

}  // namespace

Result<NetworkInterface> create_network_interface(Client& client,
                                                  const CreateNetworkInterface& wanted,
                                                  const CallOptions& options) {
  constexpr std::string_view kAction = "CreateNetworkInterface";
  constexpr int kMostTries = 3;
  const Params params = params_of(client, wanted);
  const SharedBudget budget(client.pace(), with_token(client, options));
  // The vendor: when the answer has no id, call again; the ClientToken makes it the same ENI.
  for (int i = 0; i < kMostTries; ++i) {
    const CallOptions rest = TRY(budget.rest(kAction));
    const json answer = TRY(client.call(Product::kEcs, kAction, params, rest));
    Complaint complaint(kAction);
    NetworkInterface eni = read_network_interface(Reader(answer, complaint));
    TRY(complaint.to_status());
    if (!eni.id.empty()) {
      return eni;
    }
  }
  return Error(ErrorKind::kTryAgain, std::string(kAction) + ": the answer names no ENI, " +
                                         std::to_string(kMostTries) + " times")
      .code(kGarbage);
}

Status attach_network_interface(Client& client, const AttachNetworkInterface& what,
                                const CallOptions& options) {
  Params params = params_of(client, what);
  add_optional(params, "NetworkCardIndex", what.network_card_index);
  return call_ecs(client, "AttachNetworkInterface", params, options);
}

Status detach_network_interface(Client& client, const AttachNetworkInterface& what,
                                const CallOptions& options) {
  return gone_is_success(
      call_ecs(client, "DetachNetworkInterface", params_of(client, what), options));
}

Status delete_network_interface(Client& client, const std::string& eni_id,
                                const CallOptions& options) {
  Params params;
  add_param(params, "RegionId", client.region());
  add_param(params, "NetworkInterfaceId", eni_id);
  return gone_is_success(call_ecs(client, "DeleteNetworkInterface", params, options));
}

Status modify_network_interface_attribute(Client& client, const ModifyNetworkInterface& what,
                                          const CallOptions& options) {
  Params params;
  add_param(params, "RegionId", client.region());
  add_param(params, "NetworkInterfaceId", what.eni_id);
  add_optional(params, "NetworkInterfaceName", what.name);
  add_optional(params, "Description", what.description);
  add_list(params, "SecurityGroupId", what.security_group_ids);
  add_optional(params, "QueueNumber", what.queue_number);
  add_optional(params, "DeleteOnRelease", what.delete_on_release);
  add_optional(params, "SourceDestCheck", what.source_dest_check);
  return call_ecs(client, "ModifyNetworkInterfaceAttribute", params, options);
}

}  // namespace catena::cloud
