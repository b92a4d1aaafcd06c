#include "common/cloud/eni_answer.h"

#include <utility>

#include <nlohmann/json.hpp>

namespace catena::cloud {
namespace {

constexpr std::pair<std::string_view, EniStatus> kStatuses[] = {
    {"Creating", EniStatus::kCreating},         {"Available", EniStatus::kAvailable},
    {"Attaching", EniStatus::kAttaching},       {"InUse", EniStatus::kInUse},
    {"Detaching", EniStatus::kDetaching},       {"Deleting", EniStatus::kDeleting},
    {"CreateFailed", EniStatus::kCreateFailed},
};

constexpr std::pair<std::string_view, EniType> kTypes[] = {
    {"Primary", EniType::kPrimary},
    {"Secondary", EniType::kSecondary},
    {"Trunk", EniType::kTrunk},
    {"Member", EniType::kMember},
};

template <typename Value, std::size_t Count>
Value value_of(const std::pair<std::string_view, Value> (&rows)[Count], std::string_view name) {
  for (const auto& [text, value] : rows) {
    if (text == name) {
      return value;
    }
  }
  return Value::kOther;
}

template <typename Value, std::size_t Count>
std::string_view text_of(const std::pair<std::string_view, Value> (&rows)[Count], Value wanted) {
  for (const auto& [text, value] : rows) {
    if (value == wanted) {
      return text;
    }
  }
  return "Other";
}

std::vector<PrivateIp> read_private_ips(const Reader& answer) {
  std::vector<PrivateIp> addresses;
  for (const Reader& item : answer.list("PrivateIpSets", "PrivateIpSet")) {
    if (const auto address = item.address("PrivateIpAddress"); address.has_value()) {
      addresses.push_back(PrivateIp{*address, item.flag("Primary").value_or(false)});
    }
  }
  return addresses;
}

void read_attachment(const Reader& answer, NetworkInterface& eni) {
  const Reader attachment = answer.object("Attachment");
  if (eni.instance_id.empty()) {
    eni.instance_id = attachment.text("InstanceId");
  }
  eni.trunk_id = attachment.text("TrunkNetworkInterfaceId");
  eni.member_ids = attachment.texts("MemberNetworkInterfaceIds", "MemberNetworkInterfaceId");
  eni.device_index = attachment.number("DeviceIndex");
  eni.network_card_index = attachment.number("NetworkCardIndex");
}

}  // namespace

std::string_view name_of(EniStatus status) { return text_of(kStatuses, status); }

std::string_view name_of(EniType type) { return text_of(kTypes, type); }

EniType eni_type(std::string_view name) { return value_of(kTypes, name); }

NetworkInterface read_network_interface(const Reader& answer) {
  NetworkInterface eni;
  eni.id = answer.text("NetworkInterfaceId");
  eni.status = value_of(kStatuses, answer.text("Status"));
  eni.type = eni_type(answer.text("Type"));
  eni.mac = answer.mac("MacAddress").value_or(base::Mac{});
  eni.primary_ip = answer.address("PrivateIpAddress");
  eni.private_ips = read_private_ips(answer);
  eni.ipv6s = answer.addresses("Ipv6Sets", "Ipv6Set", "Ipv6Address");
  eni.ipv4_prefixes = answer.prefixes("Ipv4PrefixSets", "Ipv4PrefixSet", "Ipv4Prefix");
  eni.ipv6_prefixes = answer.prefixes("Ipv6PrefixSets", "Ipv6PrefixSet", "Ipv6Prefix");
  eni.instance_id = answer.text("InstanceId");
  eni.vpc_id = answer.text("VpcId");
  eni.vswitch_id = answer.text("VSwitchId");
  eni.zone_id = answer.text("ZoneId");
  eni.security_group_ids = answer.texts("SecurityGroupIds", "SecurityGroupId");
  eni.name = answer.text("NetworkInterfaceName");
  eni.description = answer.text("Description");
  eni.tags = answer.tags();
  eni.creation_time = answer.text("CreationTime");
  eni.owner_id = answer.text("OwnerId");
  eni.resource_group_id = answer.text("ResourceGroupId");
  eni.traffic_mode = answer.text("NetworkInterfaceTrafficMode");
  eni.queue_number = answer.number("QueueNumber");
  eni.delete_on_release = answer.flag("DeleteOnRelease");
  eni.source_dest_check = answer.flag("SourceDestCheck");
  eni.service_managed = answer.flag("ServiceManaged").value_or(false);
  read_attachment(answer, eni);
  return eni;
}

std::vector<std::string> texts_of(const std::vector<base::IpAddress>& addresses) {
  std::vector<std::string> texts;
  texts.reserve(addresses.size());
  for (const base::IpAddress& address : addresses) {
    texts.push_back(address.to_string());
  }
  return texts;
}

std::vector<std::string> texts_of(const std::vector<base::Prefix>& prefixes) {
  std::vector<std::string> texts;
  texts.reserve(prefixes.size());
  for (const base::Prefix& prefix : prefixes) {
    texts.push_back(prefix.to_string());
  }
  return texts;
}

void add_count(Params& params, std::string_view name, int count) {
  if (count > 0) {
    add_param(params, name, std::to_string(count));
  }
}

}  // namespace catena::cloud
