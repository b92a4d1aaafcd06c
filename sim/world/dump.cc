#include "sim/world/dump.h"

#include <nlohmann/json.hpp>

#include "sim/world/eni_rules.h"
#include "sim/world/format.h"
#include "sim/world/instances.h"
#include "sim/world/pool.h"
#include "sim/world/routes.h"

namespace catena::sim {
namespace {

using nlohmann::json;

json eni_dump(const Eni& eni) {
  json tags = json::object();
  for (const auto& [key, value] : eni.tags) {
    tags[key] = value;
  }
  return json{{"id", eni.id},
              {"state", name_of(eni.state)},
              {"type", name_of(eni.type)},
              {"name", eni.name},
              {"description", eni.description},
              {"mac", eni.mac.to_string()},
              {"vpc", eni.vpc},
              {"vswitch", eni.vswitch},
              {"zone", eni.zone},
              {"securityGroups", eni.groups},
              {"ipv4", texts(eni.ipv4)},
              {"ipv4Prefixes", texts(eni.ipv4_prefixes)},
              {"ipv6", texts(eni.ipv6)},
              {"ipv6Prefixes", texts(eni.ipv6_prefixes)},
              {"instance", eni.instance},
              {"trunk", eni.trunk},
              {"deviceIndex", eni.device_index},
              {"deleteOnRelease", eni.delete_on_release},
              {"sourceDestCheck", eni.source_check},
              {"serviceManaged", eni.service_managed},
              {"stuck", eni.stuck},
              {"plugged", eni.plugged},
              {"created", with_seconds(eni.created)},
              {"tags", tags}};
}

json instance_dump(const Instance& instance) {
  return json{{"id", instance.id},
              {"name", instance.name},
              {"state", name_of(instance.state)},
              {"type", instance.type.id},
              {"zone", instance.zone},
              {"vpc", instance.vpc},
              {"vswitch", instance.vswitch},
              {"primaryEni", instance.primary_eni},
              {"role", instance.role},
              {"netns", instance.netns}};
}

json vswitch_dump(const State& state, const VSwitch& vswitch) {
  std::size_t others = 0;
  json used = json::object();
  for (const auto& [address, owner] : vswitch.used) {
    if (owner == kOtherTenant) {
      ++others;
    } else {
      used[address.to_string()] = owner;
    }
  }
  json prefixes = json::object();
  for (const auto& [prefix, owner] : vswitch.used_prefixes) {
    prefixes[prefix.to_string()] = owner;
  }
  return json{{"id", vswitch.id},
              {"vpc", vswitch.vpc},
              {"zone", vswitch.zone},
              {"state", vswitch.pending ? "Pending" : "Available"},
              {"cidr", vswitch.cidr.to_string()},
              {"ipv6Cidr", text_of(vswitch.ipv6_cidr)},
              {"gateway", gateway_of(vswitch.cidr).to_string()},
              {"available", available_addresses(state, vswitch)},
              {"takenByOthers", others},
              {"addresses", used},
              {"prefixes", prefixes},
              {"prefixReservations", texts(vswitch.reservations)}};
}

json route_dump(const RouteEntry& route) {
  return json{{"id", route.id},
              {"table", route.table},
              {"destination", route.destination.to_string()},
              {"state", name_of(route.state)},
              {"type", route.system ? "System" : "Custom"},
              {"nextHop", route.next_hop},
              {"nextHopType", route.next_hop_type}};
}

void add_eni_orphans(const State& state, const Eni& eni, std::vector<Orphan>& orphans) {
  if (state.instances.contains(eni.instance) || eni.type == EniType::kPrimary ||
      eni.service_managed) {
    return;
  }
  orphans.push_back(
      Orphan{"eni", eni.id, "is " + std::string(name_of(eni.state)) + " and attached to no node"});
  for (const std::string& address : texts(eni.ipv4)) {
    orphans.push_back(Orphan{"address", address, "belongs to " + eni.id + ", attached to no node"});
  }
}

}  // namespace

json dump_state(const State& state) {
  json dump{{"time", with_seconds(state.now)}, {"seed", state.scene.seed},
            {"region", state.scene.region},    {"account", state.scene.account},
            {"vpcs", json::array()},           {"vswitches", json::array()},
            {"securityGroups", json::array()}, {"instances", json::array()},
            {"enis", json::array()},           {"routes", json::array()},
            {"tasks", state.events.size()}};
  for (const auto& [id, vpc] : state.vpcs) {
    dump["vpcs"].push_back(json{{"id", id},
                                {"cidr", vpc.cidr.to_string()},
                                {"ipv6Cidr", text_of(vpc.ipv6_cidr)},
                                {"routeTables", vpc.tables}});
  }
  for (const auto& [id, vswitch] : state.vswitches) {
    dump["vswitches"].push_back(vswitch_dump(state, vswitch));
  }
  for (const auto& [id, group] : state.groups) {
    dump["securityGroups"].push_back(
        json{{"id", id}, {"vpc", group.vpc}, {"type", group.enterprise ? "enterprise" : "basic"}});
  }
  for (const auto& [id, instance] : state.instances) {
    dump["instances"].push_back(instance_dump(instance));
  }
  for (const auto& [id, eni] : state.enis) {
    dump["enis"].push_back(eni_dump(eni));
  }
  for (const auto& [id, route] : state.routes) {
    dump["routes"].push_back(route_dump(route));
  }
  return dump;
}

std::vector<Orphan> find_orphans(const State& state) {
  std::vector<Orphan> orphans;
  for (const auto& [id, eni] : state.enis) {
    add_eni_orphans(state, eni, orphans);
  }
  for (const auto& [id, vswitch] : state.vswitches) {
    for (const auto& [address, owner] : vswitch.used) {
      if (owner != kOtherTenant && !state.enis.contains(owner)) {
        orphans.push_back(
            Orphan{"address", address.to_string(), "its owner " + owner + " is gone"});
      }
    }
  }
  for (const auto& [id, route] : state.routes) {
    if (!route.system && !state.instances.contains(route.next_hop) &&
        !state.enis.contains(route.next_hop)) {
      orphans.push_back(Orphan{
          "route", id,
          route.destination.to_string() + " leads to " + route.next_hop + ", which is gone"});
    }
  }
  return orphans;
}

}  // namespace catena::sim
