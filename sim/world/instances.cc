// DescribeInstances, DescribeInstanceAttribute, DescribeInstanceTypes.
#include "sim/world/instances.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "sim/world/actions.h"
#include "sim/world/catalogue.h"
#include "sim/world/eni_rules.h"
#include "sim/world/format.h"
#include "sim/world/limits.h"
#include "sim/world/paging.h"
#include "sim/world/refusals.h"
#include "sim/world/visibility.h"

namespace catena::sim {
namespace {

using nlohmann::json;

constexpr std::size_t kIdsMost = 100;
constexpr std::int64_t kNumberedPageMost = 100;
constexpr int kMebibytes = 1024;
constexpr std::size_t kTypesMost = 10;
constexpr TokenRules kInstanceTokens{
    "MaxResults", 1, 100, 10, "InvalidParameter.NextToken", "InvalidParameter.NextToken"};
constexpr TokenRules kTypeTokens{
    "MaxResults", 1, 100, 100, "InvalidParameter.NextToken", "InvalidParameter.NextToken"};

// Of the instance's ENIs as Describe* shows them.
std::vector<json> nics_json(const std::vector<EniPtr>& enis, const std::string& instance) {
  std::vector<json> list;
  for (const EniPtr& eni : enis) {
    if (eni->instance != instance || eni->type == EniType::kMember) {
      continue;
    }
    std::vector<json> addresses;
    for (const base::IpAddress& address : eni->ipv4) {
      addresses.push_back(
          json{{"PrivateIpAddress", address.to_string()}, {"Primary", addresses.empty()}});
    }
    std::vector<json> ipv6;
    for (const base::IpAddress& address : eni->ipv6) {
      ipv6.push_back(json{{"Ipv6Address", address.to_string()}});
    }
    list.push_back(json{{"NetworkInterfaceId", eni->id},
                        {"Type", name_of(eni->type)},
                        {"MacAddress", eni->mac.to_string()},
                        {"PrimaryIpAddress", eni->ipv4.front().to_string()},
                        {"PrivateIpSets", wrapped("PrivateIpSet", std::move(addresses))},
                        {"Ipv6Sets", wrapped("Ipv6Set", std::move(ipv6))}});
  }
  return list;
}

json vpc_attributes(const State& state, const Instance& instance) {
  const EniPtr primary = seen_eni(state, instance.primary_eni);
  std::vector<std::string> addresses;
  if (primary != nullptr) {
    addresses.push_back(primary->ipv4.front().to_string());
  }
  return json{{"VpcId", instance.vpc},
              {"VSwitchId", instance.vswitch},
              {"NatIpAddress", ""},
              {"PrivateIpAddress", wrapped_texts("IpAddress", addresses)}};
}

// What both calls show alike.
json common_fields(const State& state, const Instance& instance) {
  return json{{"InstanceId", instance.id},
              {"InstanceName", instance.name},
              {"HostName", instance.host_name},
              {"InstanceType", instance.type.id},
              {"Status", name_of(instance.state)},
              {"RegionId", state.scene.region},
              {"ZoneId", instance.zone},
              {"Cpu", instance.type.cores},
              {"Memory", instance.type.memory_gib * kMebibytes},
              {"InstanceNetworkType", "vpc"},
              {"CreationTime", without_seconds(instance.created)},
              {"SerialNumber", instance.serial},
              {"ImageId", kImage},
              {"VpcAttributes", vpc_attributes(state, instance)},
              {"SecurityGroupIds", wrapped_texts("SecurityGroupId", instance.groups)},
              {"PublicIpAddress", wrapped_texts("IpAddress", {})},
              {"InnerIpAddress", wrapped_texts("IpAddress", {})},
              {"EipAddress", {{"AllocationId", ""}, {"IpAddress", ""}, {"InternetChargeType", ""}}},
              {"OperationLocks", {{"LockReason", json::array()}}}};
}

json instance_json(const State& state, const std::vector<EniPtr>& enis, const Instance& instance) {
  json made = common_fields(state, instance);
  made["InstanceTypeFamily"] = family_of(instance.type.id);
  made["IoOptimized"] = true;
  made["NetworkInterfaces"] = wrapped("NetworkInterface", nics_json(enis, instance.id));
  made["MetadataOptions"] = {
      {"HttpEndpoint", instance.metadata_enabled ? "enabled" : "disabled"},
      {"HttpTokens", instance.metadata_tokens_required ? "required" : "optional"}};
  made["Tags"] = ecs_tags(instance.tags);
  return made;
}

// A JSON array of ids in one string; nothing where the parameter is absent.
Outcome<std::optional<std::vector<std::string>>> ids_of(const Params& params) {
  const std::string text = params.text("InstanceIds");
  if (text.empty()) {
    return std::optional<std::vector<std::string>>();
  }
  const json parsed = json::parse(text, nullptr, false);
  if (!parsed.is_array() || parsed.size() > kIdsMost) {
    return bad_parameter("InstanceIds");
  }
  std::vector<std::string> ids;
  for (const json& id : parsed) {
    if (!id.is_string()) {
      return bad_parameter("InstanceIds");
    }
    ids.push_back(id.get<std::string>());
  }
  return std::optional<std::vector<std::string>>(std::move(ids));
}

bool equals(const Params& params, std::string_view name, std::string_view value) {
  return !params.has(name) || params.text(name) == value;
}

bool matches(const Params& params, const Instance& instance) {
  return equals(params, "VpcId", instance.vpc) && equals(params, "VSwitchId", instance.vswitch) &&
         equals(params, "ZoneId", instance.zone) &&
         equals(params, "Status", name_of(instance.state)) &&
         equals(params, "InstanceName", instance.name) &&
         equals(params, "InstanceType", instance.type.id) && has_tags(instance.tags, params);
}

json type_json(const InstanceType& type) {
  return json{{"InstanceTypeId", type.id},
              {"InstanceTypeFamily", family_of(type.id)},
              {"CpuCoreCount", type.cores},
              {"MemorySize", type.memory_gib},
              {"CpuArchitecture", "X86"},
              {"EniQuantity", type.enis},
              {"EniTotalQuantity", type.total_enis},
              {"EniPrivateIpAddressQuantity", type.ipv4_per_eni},
              {"EniIpv6AddressQuantity", type.ipv6_per_eni},
              {"EniTrunkSupported", type.trunk},
              {"EriQuantity", 0},
              {"PrimaryEniQueueNumber", type.queues_per_eni},
              {"SecondaryEniQueueNumber", type.queues_per_eni},
              {"MaximumQueueNumberPerEni", type.queues_per_eni},
              {"TotalEniQueueQuantity", type.queues_per_eni * type.enis},
              {"InstanceBandwidthRx", type.bandwidth_kbps},
              {"InstanceBandwidthTx", type.bandwidth_kbps},
              {"InstancePpsRx", 1'100'000},
              {"InstancePpsTx", 1'100'000},
              {"JumboFrameSupport", type.jumbo},
              {"InstanceFamilyLevel", "EnterpriseLevel"},
              {"InstanceCategory", "General-purpose"},
              {"NetworkEncryptionSupport", false},
              {"NvmeSupport", "unsupported"},
              {"GPUAmount", 0},
              {"GPUSpec", ""},
              {"LocalStorageCategory", ""},
              {"DiskQuantity", 17}};
}

}  // namespace

std::string_view name_of(InstanceState state) {
  switch (state) {
    case InstanceState::kStarting:
      return "Starting";
    case InstanceState::kRunning:
      return "Running";
    case InstanceState::kStopping:
      return "Stopping";
    case InstanceState::kStopped:
      return "Stopped";
  }
  return "";
}

Outcome<json> describe_instances(State& state, const Params& params) {
  TRY(check_region(state, params));
  const auto ids = TRY(ids_of(params));
  if (TRY(params.boolean("DryRun")).value_or(false)) {
    return dry_run();
  }
  std::map<std::uint64_t, InstancePtr> rows;
  std::vector<std::uint64_t> serials;
  for (const InstancePtr& instance : seen_instances(state)) {
    const bool wanted = !ids || std::find(ids->begin(), ids->end(), instance->id) != ids->end();
    if (wanted && matches(params, *instance)) {
      rows.emplace(instance->serial_order, instance);
      serials.push_back(instance->serial_order);
    }
  }
  const Page page = TRY(page_either(state, params, serials, kInstanceTokens, kNumberedPageMost));
  const std::vector<EniPtr> enis = seen_enis(state);
  std::vector<json> list;
  for (const std::uint64_t serial : page.serials) {
    list.push_back(instance_json(state, enis, *rows.at(serial)));
  }
  return json{{"TotalCount", page.total},
              {"PageNumber", page.number},
              {"PageSize", page.size},
              {"NextToken", page.next_token},
              {"Instances", wrapped("Instance", std::move(list))}};
}

Outcome<json> describe_instance_attribute(State& state, const Params& params) {
  const std::string id = TRY(params.required("InstanceId"));
  for (const InstancePtr& instance : seen_instances(state)) {
    if (instance->id == id) {
      json made = common_fields(state, *instance);
      made["IoOptimized"] = "optimized";
      made["EnableJumboFrame"] = instance->jumbo;
      made["NetworkOptions"] = {{"EnableJumboFrame", instance->jumbo}};
      return made;
    }
  }
  return Refusal{404, "InvalidInstanceId.NotFound", "The specified InstanceId does not exist."};
}

Outcome<json> describe_instance_types(State& state, const Params& params) {
  const std::vector<std::string> wanted = params.list("InstanceTypes");
  if (wanted.size() > kTypesMost) {
    return bad_parameter("InstanceTypes.N");
  }
  std::vector<const InstanceType*> rows;
  std::vector<std::uint64_t> serials;
  std::uint64_t serial = 0;
  for (const auto& [id, type] : state.types) {
    ++serial;
    const bool named =
        wanted.empty() || std::find(wanted.begin(), wanted.end(), id) != wanted.end();
    if (named && equals(params, "InstanceTypeFamily", family_of(id))) {
      serials.push_back(serial);
    }
    rows.push_back(&type);
  }
  const Page page = TRY(page_by_token(state, params, serials, kTypeTokens));
  std::vector<json> list;
  for (const std::uint64_t row : page.serials) {
    list.push_back(type_json(*rows[row - 1]));
  }
  return json{{"NextToken", page.next_token},
              {"InstanceTypes", wrapped("InstanceType", std::move(list))}};
}

}  // namespace catena::sim
