// CreateNetworkInterface, ModifyNetworkInterfaceAttribute.
#include "sim/world/enis.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "sim/world/actions.h"
#include "sim/world/eni_rules.h"
#include "sim/world/format.h"
#include "sim/world/limits.h"
#include "sim/world/plane_feed.h"
#include "sim/world/refusals.h"
#include "sim/world/visibility.h"

namespace catena::sim {
namespace {

constexpr std::size_t kCreateDescriptionMost = 256;
constexpr std::size_t kModifyDescriptionMost = 255;
constexpr std::int64_t kCreateCountMost = 49;
constexpr int kQueuesMost = 2048;

// What a caller says about an ENI beside its addresses.
struct Shape {
  Eni eni;
  std::string vswitch;
  Wanted wanted;
};

Outcome<std::vector<std::string>> groups_of(const Params& params) {
  const std::string one = params.text("SecurityGroupId");
  std::vector<std::string> many = params.list("SecurityGroupIds");
  if (!one.empty() && !many.empty()) {
    return conflicting_parameters("SecurityGroupId", "SecurityGroupIds.N");
  }
  if (!one.empty()) {
    many.push_back(one);
  }
  if (many.empty()) {
    return missing_parameter("SecurityGroupId");
  }
  return many;
}

Outcome<EniType> type_of(const Params& params) {
  const std::string type = params.text("InstanceType");
  if (type.empty() || type == "Secondary") {
    return EniType::kSecondary;
  }
  if (type == "Trunk") {
    return EniType::kTrunk;
  }
  return bad_parameter("InstanceType");
}

Outcome<Wanted> create_wanted(const State& state, const Params& params) {
  Wanted wanted = TRY(wanted_ipv4(state, params, kCreateCountMost));
  if (wanted.ipv4.size() > static_cast<std::size_t>(state.scene.limits.create_explicit)) {
    return bad_parameter("PrivateIpAddress.N");
  }
  wanted = merged(wanted, TRY(wanted_ipv6(state, params)));
  const auto primary = TRY(params.addresses("PrimaryIpAddress", base::Family::kIpv4));
  if (primary.empty()) {
    return wanted;
  }
  // The primary address stands first, though it may be named among the others too.
  std::erase(wanted.ipv4, primary.front());
  wanted.ipv4.insert(wanted.ipv4.begin(), primary.front());
  return wanted;
}

// Syntax alone: no look at the state but its limits.
Outcome<Shape> shape_of(const State& state, const Params& params) {
  TRY(check_region(state, params));
  Shape shape;
  shape.vswitch = TRY(params.required("VSwitchId"));
  Eni& eni = shape.eni;
  eni.groups = TRY(groups_of(params));
  eni.type = TRY(type_of(params));
  eni.name = params.text("NetworkInterfaceName");
  eni.description = params.text("Description");
  TRY(check_name("NetworkInterfaceName", eni.name));
  TRY(check_description(eni.description, kCreateDescriptionMost));
  const SceneDefaults& defaults = state.scene.defaults;
  eni.delete_on_release =
      TRY(params.boolean("DeleteOnRelease")).value_or(defaults.delete_on_release);
  eni.source_check = TRY(params.boolean("SourceDestCheck")).value_or(defaults.source_dest_check);
  eni.queues = static_cast<int>(TRY(params.integer("QueueNumber", 1, kQueuesMost)).value_or(0));
  if (params.has("NetworkInterfaceTrafficMode")) {
    eni.traffic_mode = params.text("NetworkInterfaceTrafficMode");
    if (eni.traffic_mode != "Standard" && eni.traffic_mode != "HighPerformance") {
      return bad_parameter("NetworkInterfaceTrafficMode");
    }
  }
  eni.resource_group = params.text("ResourceGroupId");
  eni.tags = TRY(tags_of(state, params));
  shape.wanted = TRY(create_wanted(state, params));
  return shape;
}

// Secondary ENIs only: primary ones come with their instances.
std::int64_t counted_enis(const State& state) {
  return std::count_if(state.enis.begin(), state.enis.end(),
                       [](const auto& entry) { return entry.second.type != EniType::kPrimary; });
}

Check check_room(const State& state, const Shape& shape) {
  if (counted_enis(state) >= state.scene.limits.enis) {
    return Refusal{403, "MaxEniCountExceeded", "The number of ENI exceeds the limit per region."};
  }
  return check_counts(state, shape.eni, shape.wanted);
}

}  // namespace

Outcome<nlohmann::json> create_network_interface(State& state, const Params& params) {
  Shape shape = TRY(shape_of(state, params));
  const auto found = state.vswitches.find(shape.vswitch);
  if (found == state.vswitches.end()) {
    return Refusal{404, "InvalidVSwitchId.NotFound",
                   "The specified VSwitchId \"" + shape.vswitch + "\" is not found."};
  }
  VSwitch& vswitch = found->second;
  if (shape.wanted.ipv4.empty() || !params.has("PrimaryIpAddress")) {
    shape.wanted.ipv4_count += 1;  // the primary address, whichever it becomes
  }
  TRY(check_groups(state, shape.eni.groups, vswitch.vpc, shape.wanted.ipv4_slots()));
  if (vswitch.pending) {
    return Refusal{400, "IncorrectVSwitchStatus",
                   "The current status of vSwitch does not support this operation."};
  }
  TRY(check_room(state, shape));
  Grant grant = TRY(plan_grant(state, vswitch, shape.wanted));
  if (!params.has("PrimaryIpAddress")) {
    // The one picked last is nobody's choice.
    std::rotate(grant.ipv4.begin(), grant.ipv4.end() - 1, grant.ipv4.end());
  }
  Eni& eni = put_eni(state, std::move(shape.eni), vswitch, grant);
  occupy(state, eni);
  publish_eni(state, eni);
  return eni_json(state, eni, EniShape::kCreated);
}

Eni& put_eni(State& state, Eni eni, VSwitch& vswitch, const Grant& grant) {
  if (eni.id.empty()) {
    eni.id = state.random.id("eni-");
  }
  eni.serial = state.new_serial();
  eni.mac = new_mac(state);
  eni.vpc = vswitch.vpc;
  eni.vswitch = vswitch.id;
  eni.zone = vswitch.zone;
  eni.created = state.now;
  add_to_eni(eni, grant);
  take_grant(state, vswitch, grant, eni.id);
  const std::string id = eni.id;
  return state.enis.insert_or_assign(id, std::move(eni)).first->second;
}

base::Mac new_mac(State& state) {
  while (true) {
    const std::uint64_t random = state.random.next();
    base::Mac mac;
    mac.bytes = {0x00,
                 0x16,
                 0x3e,
                 static_cast<std::uint8_t>(random),
                 static_cast<std::uint8_t>(random >> 8U),
                 static_cast<std::uint8_t>(random >> 16U)};
    const bool taken = std::any_of(state.enis.begin(), state.enis.end(),
                                   [&](const auto& entry) { return entry.second.mac == mac; });
    if (!taken) {
      return mac;
    }
  }
}

Outcome<nlohmann::json> modify_network_interface_attribute(State& state, const Params& params) {
  Eni* eni = TRY(eni_to_change(state, params));
  const std::string name = params.text("NetworkInterfaceName");
  const std::string description = params.text("Description");
  TRY(check_name("NetworkInterfaceName", name));
  TRY(check_description(description, kModifyDescriptionMost));
  const auto groups = params.list("SecurityGroupId");
  const auto queues = TRY(params.integer("QueueNumber", 1, kQueuesMost));
  const auto delete_on_release = TRY(params.boolean("DeleteOnRelease"));
  const auto source_check = TRY(params.boolean("SourceDestCheck"));
  TRY(check_changeable(state, *eni, {EniState::kAvailable, EniState::kInUse}));
  TRY(check_groups(state, groups, eni->vpc, 0));
  const auto instance = state.instances.find(eni->instance);
  if (queues && instance != state.instances.end()) {
    if (instance->second.state != InstanceState::kStopped) {
      return bad_ecs_state();
    }
    if (*queues > instance->second.type.queues_per_eni) {
      return Refusal{403, "InvalidOperation.MaxEniQueueNumberExceeded",
                     "The queue number exceeds the limit of the instance type."};
    }
  }
  eni->name = name.empty() ? eni->name : name;
  eni->description = description.empty() ? eni->description : description;
  eni->groups = groups.empty() ? eni->groups : groups;
  eni->queues = static_cast<int>(queues.value_or(eni->queues));
  eni->delete_on_release = delete_on_release.value_or(eni->delete_on_release);
  eni->source_check = source_check.value_or(eni->source_check);
  occupy(state, *eni);
  publish_eni(state, *eni);
  return nlohmann::json::object();
}

}  // namespace catena::sim
