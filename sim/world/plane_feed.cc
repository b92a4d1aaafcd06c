#include "sim/world/plane_feed.h"

#include "sim/world/pool.h"

namespace catena::sim {
namespace {

constexpr int kMtu = 1500;
constexpr int kJumboMtu = 8500;

bool in_plane(const State& state, const std::string& vpc) {
  return state.plane != nullptr && vpc == state.scene.vpcs.front().id;
}

std::vector<base::Prefix> addresses_of(const Eni& eni) {
  std::vector<base::Prefix> all;
  for (const auto* addresses : {&eni.ipv4, &eni.ipv6}) {
    for (const base::IpAddress& address : *addresses) {
      all.push_back(base::Prefix::host(address));
    }
  }
  all.insert(all.end(), eni.ipv4_prefixes.begin(), eni.ipv4_prefixes.end());
  all.insert(all.end(), eni.ipv6_prefixes.begin(), eni.ipv6_prefixes.end());
  return all;
}

PlaneNic nic_of(const Eni& eni, const Instance& instance) {
  PlaneNic nic;
  nic.id = eni.id;
  nic.mac = eni.mac;
  nic.vswitch = eni.vswitch;
  nic.addresses = addresses_of(eni);
  nic.source_check = eni.source_check;
  nic.mtu = instance.jumbo ? kJumboMtu : kMtu;
  return nic;
}

bool keep_error(State& state, base::Status status) {
  if (!status.ok()) {
    state.plane_errors.push_back(std::move(status).error());
    return false;
  }
  return true;
}

}  // namespace

base::Status feed_switches(State& state) {
  for (const auto& [id, vswitch] : state.vswitches) {
    if (!in_plane(state, vswitch.vpc)) {
      continue;
    }
    PlaneSwitch made{id, vswitch.cidr, gateway_of(vswitch.cidr), vswitch.ipv6_cidr, std::nullopt};
    if (vswitch.ipv6_cidr) {
      made.gateway6 = gateway_of(*vswitch.ipv6_cidr);
    }
    TRY(state.plane->add_switch(made));
  }
  return {};
}

void feed_node(State& state, const Instance& instance) {
  if (in_plane(state, instance.vpc)) {
    Eni& primary = state.enis.at(instance.primary_eni);
    primary.plugged = keep_error(
        state,
        state.plane->add_node(PlaneNode{instance.id, instance.netns, nic_of(primary, instance)}));
  }
}

void feed_node_gone(State& state, const Instance& instance) {
  if (in_plane(state, instance.vpc)) {
    keep_error(state, state.plane->remove_node(instance.id));
    for (auto& [id, eni] : state.enis) {
      if (eni.instance == instance.id) {
        eni.plugged = false;
      }
    }
  }
}

bool feed_plug(State& state, Eni& eni) {
  const auto instance = state.instances.find(eni.instance);
  if (!in_plane(state, eni.vpc) || eni.plugged || eni.type == EniType::kMember ||
      instance == state.instances.end() || instance->second.state != InstanceState::kRunning) {
    return true;
  }
  eni.plugged = keep_error(state, state.plane->plug(eni.instance, nic_of(eni, instance->second)));
  return eni.plugged;
}

void feed_unplug(State& state, Eni& eni) {
  if (eni.plugged) {
    eni.plugged = false;
    keep_error(state, state.plane->unplug(eni.id));
  }
}

void feed_addresses(State& state, const Eni& eni) {
  if (eni.plugged) {
    keep_error(state, state.plane->set_addresses(eni.id, addresses_of(eni)));
  }
}

void feed_routes(State& state) {
  if (state.plane == nullptr) {
    return;
  }
  std::vector<PlaneRoute> all;
  const std::string& system_table = state.vpcs.at(state.scene.vpcs.front().id).tables.front();
  for (const auto& [id, route] : state.routes) {
    if (!route.system && route.state != RouteState::kPending && route.table == system_table) {
      all.push_back(PlaneRoute{route.destination, route.next_hop});
    }
  }
  keep_error(state, state.plane->set_routes(all));
}

}  // namespace catena::sim
