#include "sim/world/format.h"

#include <cstdio>

#include <nlohmann/json.hpp>

#include "sim/world/eni_rules.h"

namespace catena::sim {
namespace {

using nlohmann::json;

json tag_list(const Tags& tags, const char* key, const char* value) {
  std::vector<json> list;
  for (const auto& [tag_key, tag_value] : tags) {
    list.push_back(json{{key, tag_key}, {value, tag_value}});
  }
  return wrapped("Tag", std::move(list));
}

std::vector<json> private_ips(const Eni& eni, EniShape shape) {
  std::vector<json> list;
  for (const base::IpAddress& address : eni.ipv4) {
    json entry{{"PrivateIpAddress", address.to_string()}, {"Primary", list.empty()}};
    if (shape != EniShape::kCreated) {
      entry["AssociatedPublicIp"] = json::object();
    }
    list.push_back(std::move(entry));
  }
  return list;
}

std::vector<json> named(const char* key, const std::vector<std::string>& values) {
  std::vector<json> list;
  list.reserve(values.size());
  for (const std::string& value : values) {
    list.push_back(json{{key, value}});
  }
  return list;
}

json attachment(const State& state, const Eni& eni, EniShape shape) {
  json made{{"InstanceId", eni.instance},
            {"DeviceIndex", eni.device_index},
            {"NetworkCardIndex", eni.card_index},
            {"TrunkNetworkInterfaceId", eni.trunk}};
  if (shape == EniShape::kAttribute) {
    std::vector<std::string> members;
    for (const auto& [id, other] : state.enis) {
      if (other.trunk == eni.id) {
        members.push_back(id);
      }
    }
    made["MemberNetworkInterfaceIds"] = wrapped_texts("MemberNetworkInterfaceId", members);
  }
  return made;
}

}  // namespace

std::string with_seconds(Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02dZ", int{date.year()},
                unsigned{date.month()}, unsigned{date.day()},
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text;
}

std::string without_seconds(Time time) { return with_seconds(time).substr(0, 16) + "Z"; }

std::string text_of(const std::optional<base::Prefix>& prefix) {
  return prefix ? prefix->to_string() : "";
}

json wrapped(const std::string& item, std::vector<json> values) {
  return json{{item, json(std::move(values))}};
}

json wrapped_texts(const std::string& item, const std::vector<std::string>& values) {
  return json{{item, json(values)}};
}

std::vector<std::string> texts(const std::vector<base::IpAddress>& addresses) {
  std::vector<std::string> list;
  list.reserve(addresses.size());
  for (const base::IpAddress& address : addresses) {
    list.push_back(address.to_string());
  }
  return list;
}

std::vector<std::string> texts(const std::vector<base::Prefix>& prefixes) {
  std::vector<std::string> list;
  list.reserve(prefixes.size());
  for (const base::Prefix& prefix : prefixes) {
    list.push_back(prefix.to_string());
  }
  return list;
}

json ecs_tags(const Tags& tags) { return tag_list(tags, "TagKey", "TagValue"); }
json vpc_tags(const Tags& tags) { return tag_list(tags, "Key", "Value"); }

json eni_json(const State& state, const Eni& eni, EniShape shape) {
  json made;
  made["NetworkInterfaceId"] = eni.id;
  made["NetworkInterfaceName"] = eni.name;
  made["Description"] = eni.description;
  made["MacAddress"] = eni.mac.to_string();
  made["Status"] = name_of(eni.state);
  made["Type"] = name_of(eni.type);
  made["OwnerId"] = state.scene.account;
  made["ResourceGroupId"] = eni.resource_group;
  made["VpcId"] = eni.vpc;
  made["VSwitchId"] = eni.vswitch;
  made["ZoneId"] = eni.zone;
  made["PrivateIpAddress"] = eni.ipv4.front().to_string();
  made["SecurityGroupIds"] = wrapped_texts("SecurityGroupId", eni.groups);
  made["PrivateIpSets"] = wrapped("PrivateIpSet", private_ips(eni, shape));
  made["Ipv6Sets"] = wrapped("Ipv6Set", named("Ipv6Address", texts(eni.ipv6)));
  made["Ipv4PrefixSets"] = wrapped("Ipv4PrefixSet", named("Ipv4Prefix", texts(eni.ipv4_prefixes)));
  made["Ipv6PrefixSets"] = wrapped("Ipv6PrefixSet", named("Ipv6Prefix", texts(eni.ipv6_prefixes)));
  made["ServiceManaged"] = eni.service_managed;
  made["ServiceID"] = eni.service_managed ? 12345678910 : 0;
  made["Tags"] = ecs_tags(eni.tags);
  if (shape == EniShape::kCreated) {
    return made;
  }
  made["InstanceId"] = eni.instance;
  made["Attachment"] = attachment(state, eni, shape);
  made["CreationTime"] = with_seconds(eni.created);
  made["NetworkInterfaceTrafficMode"] = eni.traffic_mode;
  made["QueueNumber"] = eni.queues;
  made["DeleteOnRelease"] = eni.delete_on_release;
  made["SourceDestCheck"] = eni.source_check;
  if (shape == EniShape::kListed) {
    made["AssociatedPublicIp"] = json::object();
  }
  return made;
}

}  // namespace catena::sim
