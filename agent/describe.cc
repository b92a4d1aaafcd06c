// describe: what there is, for people and for programs.
#include <nlohmann/json.hpp>

#include "agent/duties.h"
#include "agent/placement.h"

namespace catena::agent {
namespace {

using Json = nlohmann::json;

template <typename Things>
Json texts_of(const Things& things) {
  Json json = Json::array();
  for (const auto& thing : things) {
    json.push_back(thing.to_string());
  }
  return json;
}

Json json_of(const cloud::NetworkInterface& eni) {
  Json addresses = texts_of(eni.ipv6s);
  for (const cloud::PrivateIp& ip : eni.private_ips) {
    addresses.push_back(ip.address.to_string());
  }
  Json json{{"id", eni.id},
            {"type", cloud::name_of(eni.type)},
            {"status", cloud::name_of(eni.status)},
            {"mac", eni.mac.to_string()},
            {"vswitch", eni.vswitch_id},
            {"securityGroups", eni.security_group_ids},
            {"address", eni.primary_ip ? Json(eni.primary_ip->to_string()) : Json()},
            {"addresses", std::move(addresses)},
            {"ours", value_of(eni.tags, kOwnerTag) == kOwner}};
  if (!eni.ipv4_prefixes.empty() || !eni.ipv6_prefixes.empty()) {
    json["prefixes"] = texts_of(eni.ipv4_prefixes);
    for (const base::Prefix& prefix : eni.ipv6_prefixes) {
      json["prefixes"].push_back(prefix.to_string());
    }
  }
  return json;
}

Json json_of(const cloud::VSwitch& vswitch) {
  return {{"id", vswitch.id},
          {"zone", vswitch.zone_id},
          {"cidr", vswitch.cidr ? Json(vswitch.cidr->to_string()) : Json()},
          {"ipv6Cidr", vswitch.ipv6_cidr ? Json(vswitch.ipv6_cidr->to_string()) : Json()},
          {"availableAddresses", vswitch.available_ips}};
}

Json json_of(const cloud::InstanceType& type) {
  return {{"enis", type.eni_quantity},
          {"ipv4PerEni", type.ipv4_per_eni},
          {"ipv6PerEni", type.ipv6_per_eni},
          {"trunk", type.trunk_supported},
          {"jumboFrames", type.jumbo_frames}};
}

base::Result<Json> store_json(Duty& duty) {
  const ipam::CloudRecords records = TRY(duty.store().cloud());
  Json json{{"enis", Json::array()}, {"intents", Json::array()}, {"routes", Json::array()}};
  for (const ipam::Eni& eni : records.enis) {
    json["enis"].push_back(
        {{"id", eni.id}, {"mode", eni.mode}, {"state", ipam::name_of(eni.state)}});
  }
  for (const ipam::Intent& intent : records.intents) {
    json["intents"].push_back({{"key", intent.key},
                               {"action", intent.action},
                               {"for", intent.purpose},
                               {"parameters", intent.parameters}});
  }
  for (const ipam::Route& route : records.routes) {
    json["routes"].push_back({{"cidr", route.cidr.to_string()},
                              {"table", route.table},
                              {"entry", route.entry},
                              {"nextHop", route.next_hop},
                              {"state", ipam::name_of(route.state)}});
  }
  return json;
}

}  // namespace

base::Result<nlohmann::json> describe(Duty& duty) {
  const Settings& settings = duty.settings();
  const cloud::InstanceInfo instance =
      TRY(cloud::describe_instance_attribute(duty.client(), settings.instance_id, duty.call()));
  const Machine machine = TRY(find_machine(duty));
  cloud::NetworkInterfaceFilter of_instance;
  of_instance.instance_id = settings.instance_id;
  cloud::VSwitchFilter candidates;
  candidates.vswitch_ids = settings.vswitches;

  Json enis = Json::array();
  for (const auto& eni :
       TRY(cloud::describe_network_interfaces(duty.client(), of_instance, duty.call()))) {
    enis.push_back(json_of(eni));
  }
  Json vswitches = Json::array();
  for (const auto& vswitch :
       TRY(cloud::describe_vswitches(duty.client(), candidates, duty.call()))) {
    vswitches.push_back(json_of(vswitch));
  }
  Json json{{"instance",
             {{"id", instance.id},
              {"type", instance.type},
              {"status", instance.status},
              {"region", instance.region_id},
              {"zone", instance.zone_id},
              {"vpc", instance.vpc_id}}},
            {"limits", json_of(machine.type)},
            {"securityGroups", machine.security_groups}};
  json["enis"] = std::move(enis);
  json["vswitches"] = std::move(vswitches);
  json["store"] = TRY(store_json(duty));
  return json;
}

}  // namespace catena::agent
