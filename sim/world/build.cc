#include "sim/world/build.h"

#include <algorithm>

#include "sim/world/catalogue.h"
#include "sim/world/enis.h"
#include "sim/world/plane_feed.h"
#include "sim/world/pool.h"
#include "sim/world/routes.h"
#include "sim/world/visibility.h"

namespace catena::sim {
namespace {

using base::Error;
using base::ErrorKind;
using base::Status;

Error contradiction(const std::string& what) { return {ErrorKind::kBadConfig, "scene: " + what}; }

Status build_vpc(State& state, const SceneVpc& wanted) {
  Vpc vpc;
  vpc.id = wanted.id;
  vpc.serial = state.new_serial();
  vpc.name = wanted.name;
  vpc.cidr = wanted.cidr;
  vpc.ipv6_cidr = wanted.ipv6_cidr;
  vpc.router = state.random.id("vrt-");
  vpc.tags = wanted.tags;
  vpc.tables = {state.random.id("vtb-")};
  vpc.tables.insert(vpc.tables.end(), wanted.custom_tables.begin(), wanted.custom_tables.end());
  for (const std::string& id : vpc.tables) {
    const RouteTable table{id, state.new_serial(), wanted.id, id == vpc.tables.front()};
    if (!state.tables.emplace(id, table).second) {
      return contradiction("two route tables " + id);
    }
  }
  if (!state.vpcs.emplace(wanted.id, std::move(vpc)).second) {
    return contradiction("two VPCs " + wanted.id);
  }
  return {};
}

bool lies_in(const base::Prefix& inner, const base::Prefix& outer) {
  return inner.family() == outer.family() && inner.length() >= outer.length() &&
         outer.contains(inner.network());
}

Status check_vswitch(const State& state, const SceneVSwitch& wanted) {
  const auto vpc = state.vpcs.find(wanted.vpc);
  if (vpc == state.vpcs.end()) {
    return contradiction("vSwitch " + wanted.id + " is in VPC " + wanted.vpc +
                         ", which does not exist");
  }
  if (!lies_in(wanted.cidr, vpc->second.cidr) || wanted.cidr.length() > 29) {
    return contradiction("vSwitch " + wanted.id + ": " + wanted.cidr.to_string() +
                         " is no block of at least 8 addresses within " +
                         vpc->second.cidr.to_string());
  }
  if (wanted.ipv6_cidr &&
      (!vpc->second.ipv6_cidr || !lies_in(*wanted.ipv6_cidr, *vpc->second.ipv6_cidr))) {
    return contradiction("vSwitch " + wanted.id + ": " + wanted.ipv6_cidr->to_string() +
                         " is not within the VPC's IPv6 block");
  }
  for (const base::Prefix& block : wanted.prefix_reservations) {
    if (!lies_in(block, wanted.cidr) && !(wanted.ipv6_cidr && lies_in(block, *wanted.ipv6_cidr))) {
      return contradiction("vSwitch " + wanted.id + ": the reservation " + block.to_string() +
                           " is not within it");
    }
  }
  for (const auto& [id, other] : state.vswitches) {
    if (other.vpc == wanted.vpc && other.cidr.overlaps(wanted.cidr)) {
      return contradiction("vSwitches " + id + " and " + wanted.id + " overlap");
    }
  }
  return {};
}

Status build_vswitch(State& state, const SceneVSwitch& wanted) {
  TRY(check_vswitch(state, wanted));
  VSwitch vswitch;
  vswitch.id = wanted.id;
  vswitch.serial = state.new_serial();
  vswitch.name = wanted.name;
  vswitch.vpc = wanted.vpc;
  vswitch.zone = wanted.zone;
  vswitch.cidr = wanted.cidr;
  vswitch.ipv6_cidr = wanted.ipv6_cidr;
  vswitch.pending = wanted.pending;
  vswitch.tags = wanted.tags;
  vswitch.reservations = wanted.prefix_reservations;
  const auto [place, added] = state.vswitches.emplace(wanted.id, std::move(vswitch));
  if (!added) {
    return contradiction("two vSwitches " + wanted.id);
  }
  return occupy_addresses(state, place->second, wanted.taken);
}

Status build_eni(State& state, const SceneEni& wanted) {
  const auto vswitch = state.vswitches.find(wanted.vswitch);
  if (vswitch == state.vswitches.end()) {
    return contradiction("ENI " + wanted.id + " is in vSwitch " + wanted.vswitch +
                         ", which does not exist");
  }
  Eni eni;
  eni.id = wanted.id;
  eni.name = wanted.name;
  eni.description = wanted.description;
  eni.groups = wanted.security_groups;
  eni.service_managed = wanted.service_managed;
  eni.tags = wanted.tags;
  eni.delete_on_release = state.scene.defaults.delete_on_release;
  eni.source_check = state.scene.defaults.source_dest_check;
  Wanted address;
  address.ipv4_count = 1;
  auto grant = plan_grant(state, vswitch->second, address);
  if (!grant.ok()) {
    return contradiction("ENI " + wanted.id + ": " + std::move(grant).error().message);
  }
  publish_eni(state, put_eni(state, std::move(eni), vswitch->second, std::move(grant).value()));
  return {};
}

Status check_groups_exist(const State& state, const std::string& whose,
                          const std::vector<std::string>& groups) {
  for (const std::string& group : groups) {
    if (!state.groups.contains(group)) {
      std::string what = whose;
      what.append(" names security group ").append(group).append(", which does not exist");
      return contradiction(what);
    }
  }
  return {};
}

// A machine's own NIC, made with it.
base::Result<Eni*> primary_eni(State& state, const SceneInstance& wanted, VSwitch& vswitch,
                               const InstanceType& type) {
  Wanted addresses;
  if (wanted.private_ip) {
    addresses.ipv4 = {*wanted.private_ip};
  } else {
    addresses.ipv4_count = 1;
  }
  addresses.ipv6_count = wanted.ipv6 && type.ipv6_per_eni > 0 ? 1 : 0;
  auto grant = plan_grant(state, vswitch, addresses);
  if (!grant.ok()) {
    return contradiction("instance " + wanted.id + ": " + std::move(grant).error().message);
  }
  Eni eni;
  eni.state = EniState::kInUse;
  eni.type = EniType::kPrimary;
  eni.groups = wanted.security_groups;
  eni.instance = wanted.id;
  eni.delete_on_release = true;
  eni.source_check = state.scene.defaults.source_dest_check;
  eni.queues = type.queues_per_eni;
  return &put_eni(state, std::move(eni), vswitch, std::move(grant).value());
}

std::string serial_number(State& state) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  for (char& digit : text) {
    digit = digit == 'x' ? kHex[state.random.below(16)] : digit;
  }
  return text;
}

Instance described(State& state, const SceneInstance& wanted, const InstanceType& type,
                   const VSwitch& vswitch) {
  Instance instance;
  instance.id = wanted.id;
  instance.serial_order = state.new_serial();
  instance.state = wanted.running ? InstanceState::kRunning : InstanceState::kStopped;
  instance.name = wanted.name;
  instance.host_name = wanted.name;
  instance.type = type;
  instance.zone = vswitch.zone;
  instance.vpc = vswitch.vpc;
  instance.vswitch = vswitch.id;
  instance.groups = wanted.security_groups;
  instance.role = wanted.role;
  instance.netns = wanted.netns;
  instance.serial = serial_number(state);
  instance.metadata_enabled = wanted.metadata_enabled;
  instance.metadata_tokens_required = wanted.metadata_tokens_required;
  instance.jumbo = wanted.jumbo;
  instance.created = state.now;
  instance.tags = wanted.tags;
  return instance;
}

Status build_all(State& state) {
  state.types = catalogue();
  for (const InstanceType& type : state.scene.instance_types) {
    state.types.insert_or_assign(type.id, type);
  }
  for (const SceneVpc& vpc : state.scene.vpcs) {
    TRY(build_vpc(state, vpc));
  }
  for (const SceneVSwitch& vswitch : state.scene.vswitches) {
    TRY(build_vswitch(state, vswitch));
  }
  for (const SceneSecurityGroup& group : state.scene.security_groups) {
    if (!state.vpcs.contains(group.vpc)) {
      return contradiction("security group " + group.id + " is in VPC " + group.vpc +
                           ", which does not exist");
    }
    state.groups.emplace(group.id, SecurityGroup{group.id, group.vpc, group.enterprise});
  }
  put_system_routes(state);
  if (state.plane != nullptr) {
    TRY(feed_switches(state));
  }
  for (const SceneInstance& instance : state.scene.instances) {
    TRY(add_instance(state, instance));
  }
  for (const SceneEni& eni : state.scene.enis) {
    TRY(check_groups_exist(state, "ENI " + eni.id, eni.security_groups));
    TRY(build_eni(state, eni));
  }
  if (!state.plane_errors.empty()) {
    return state.plane_errors.front();
  }
  return {};
}

}  // namespace

Status add_instance(State& state, const SceneInstance& wanted) {
  const auto vswitch = state.vswitches.find(wanted.vswitch);
  if (vswitch == state.vswitches.end()) {
    return contradiction("instance " + wanted.id + " is in vSwitch " + wanted.vswitch +
                         ", which does not exist");
  }
  const auto type = state.types.find(wanted.type);
  if (type == state.types.end()) {
    return contradiction("instance " + wanted.id + " is of type " + wanted.type +
                         ", which is not in the catalogue");
  }
  if (state.instances.contains(wanted.id)) {
    return contradiction("two instances " + wanted.id);
  }
  if (wanted.jumbo && !type->second.jumbo) {
    return contradiction("instance " + wanted.id + ": type " + wanted.type +
                         " has no jumbo frames");
  }
  TRY(check_groups_exist(state, "instance " + wanted.id, wanted.security_groups));
  Instance instance = described(state, wanted, type->second, vswitch->second);
  Eni* primary = TRY(primary_eni(state, wanted, vswitch->second, type->second));
  instance.primary_eni = primary->id;
  const Instance& kept = state.instances.emplace(wanted.id, std::move(instance)).first->second;
  if (kept.state == InstanceState::kRunning) {
    feed_node(state, kept);
  }
  publish_eni(state, *primary);
  publish_instance(state, kept);
  return {};
}

Status occupy_addresses(State& state, VSwitch& vswitch, std::int64_t count) {
  Wanted wanted;
  wanted.ipv4_count = count;
  auto grant = plan_grant(state, vswitch, wanted);
  if (!grant.ok()) {
    return contradiction("vSwitch " + vswitch.id + ": " + std::move(grant).error().message);
  }
  take_grant(state, vswitch, std::move(grant).value(), std::string(kOtherTenant));
  return {};
}

// What the world starts with is seen at once.
Status build(State& state) {
  const SceneLags lags = state.scene.lags;
  state.scene.lags = SceneLags{{}, {}, {}, {}};
  Status built = build_all(state);
  state.scene.lags = lags;
  return built;
}

}  // namespace catena::sim
