#include "sim/world/views.h"

#include <algorithm>

#include "sim/world/instances.h"
#include "sim/world/pool.h"
#include "sim/world/visibility.h"

namespace catena::sim {
namespace {

NicView nic_view(const State& state, const Eni& eni) {
  const VSwitch& vswitch = state.vswitches.at(eni.vswitch);
  const Vpc& vpc = state.vpcs.at(eni.vpc);
  NicView view;
  view.id = eni.id;
  view.mac = eni.mac;
  view.primary = eni.type == EniType::kPrimary;
  view.vpc = eni.vpc;
  view.vswitch = eni.vswitch;
  view.vpc_cidr = vpc.cidr;
  view.vpc_ipv6_cidr = vpc.ipv6_cidr;
  view.vswitch_cidr = vswitch.cidr;
  view.gateway = gateway_of(vswitch.cidr);
  if (vswitch.ipv6_cidr) {
    view.vswitch_ipv6_cidr = vswitch.ipv6_cidr;
    view.gateway6 = gateway_of(*vswitch.ipv6_cidr);
  }
  view.ipv4 = eni.ipv4;
  view.ipv4_prefixes = eni.ipv4_prefixes;
  view.ipv6 = eni.ipv6;
  view.ipv6_prefixes = eni.ipv6_prefixes;
  return view;
}

}  // namespace

std::optional<InstanceView> instance_view(const State& state, const std::string& id) {
  const auto found = state.instances.find(id);
  if (found == state.instances.end()) {
    return std::nullopt;
  }
  const Instance& instance = found->second;
  InstanceView view;
  view.id = instance.id;
  view.name = instance.name;
  view.host_name = instance.host_name;
  view.type = instance.type.id;
  view.region = state.scene.region;
  view.zone = instance.zone;
  view.status = name_of(instance.state);
  view.image = kImage;
  view.serial = instance.serial;
  view.account = state.scene.account;
  view.role = instance.role;
  view.netns = instance.netns;
  view.bandwidth_kbps = instance.type.bandwidth_kbps;
  view.metadata_enabled = instance.metadata_enabled;
  view.metadata_tokens_required = instance.metadata_tokens_required;
  view.tags = instance.tags;
  return view;
}

std::vector<NicView> nic_views(const State& state, const std::string& instance) {
  std::vector<EniPtr> enis = metadata_enis(state, instance);
  std::stable_partition(enis.begin(), enis.end(),
                        [](const EniPtr& eni) { return eni->type == EniType::kPrimary; });
  std::vector<NicView> views;
  for (const EniPtr& eni : enis) {
    if (eni->type != EniType::kMember) {
      views.push_back(nic_view(state, *eni));
    }
  }
  return views;
}

}  // namespace catena::sim
