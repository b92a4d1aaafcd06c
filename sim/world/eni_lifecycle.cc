// AttachNetworkInterface, DetachNetworkInterface, DeleteNetworkInterface and what follows them.
#include <algorithm>

#include <nlohmann/json.hpp>

#include "sim/world/actions.h"
#include "sim/world/eni_rules.h"
#include "sim/world/enis.h"
#include "sim/world/plane_feed.h"
#include "sim/world/refusals.h"
#include "sim/world/visibility.h"

namespace catena::sim {
namespace {

using nlohmann::json;

// What happens to the ENI later, unless another task began meanwhile.
void later(State& state, const Eni& eni, Time when, void (*what)(State&, Eni&)) {
  state.at(when, [id = eni.id, task = eni.task, what](State& world) {
    const auto found = world.enis.find(id);
    if (found != world.enis.end() && found->second.task == task) {
      what(world, found->second);
    }
  });
}

int attached_to(const State& state, const std::string& instance, bool members) {
  return static_cast<int>(
      std::count_if(state.enis.begin(), state.enis.end(), [&](const auto& entry) {
        return entry.second.instance == instance &&
               (entry.second.type == EniType::kMember) == members;
      }));
}

bool has_members(const State& state, const Eni& eni) {
  return std::any_of(state.enis.begin(), state.enis.end(),
                     [&](const auto& entry) { return entry.second.trunk == eni.id; });
}

int lowest_free_index(const State& state, const std::string& instance) {
  for (int index = 1;; ++index) {
    const bool taken = std::any_of(state.enis.begin(), state.enis.end(), [&](const auto& entry) {
      return entry.second.instance == instance && entry.second.type != EniType::kMember &&
             entry.second.device_index == index;
    });
    if (!taken) {
      return index;
    }
  }
}

void attach_done(State& state, Eni& eni) {
  eni.state = EniState::kInUse;
  publish_eni(state, eni);
}

void attach_failed(State& state, Eni& eni) { come_loose(state, eni); }

void device_appears(State& state, Eni& eni) {
  eni.present = true;
  if (!feed_plug(state, eni) && eni.state == EniState::kAttaching) {
    come_loose(state, eni);
  }
}

void device_goes(State& state, Eni& eni) {
  eni.present = false;
  feed_unplug(state, eni);
}

void detach_done(State& state, Eni& eni) { come_loose(state, eni); }

void delete_done(State& state, Eni& eni) { remove_eni(state, eni.id); }

Check check_instance_takes(const Instance& instance, const Eni& eni) {
  if (instance.zone != eni.zone) {
    return Refusal{403, "InvalidOperation.AvailabilityZoneMismatch",
                   "The specified ENI and ECS are in different zones."};
  }
  if (instance.vpc != eni.vpc) {
    return vpc_mismatch();
  }
  if (eni.type == EniType::kTrunk && !instance.type.trunk) {
    return Refusal{403, "InvalidOperation.InvalidEniType",
                   "The instance type does not support trunk ENIs."};
  }
  return {};
}

Check check_instance_state(const Instance& instance) {
  if (instance.state != InstanceState::kRunning && instance.state != InstanceState::kStopped) {
    return bad_ecs_state();
  }
  if (instance.state == InstanceState::kRunning && !instance.type.hot_plug) {
    return Refusal{403, "InvalidOperation.EniHotPlugNotSupported",
                   "The instance type takes and releases ENIs only while it is stopped."};
  }
  return {};
}

Check check_attach_room(const State& state, const Instance& instance, const Eni& eni,
                        bool as_member) {
  const InstanceType& type = instance.type;
  const int most = as_member ? type.total_enis - type.enis : type.enis;
  if (attached_to(state, instance.id, as_member) >= most) {
    return Refusal{403, "EniPerInstanceLimitExceeded",
                   "The number of ENI exceeds the limit for the type of instance you are trying "
                   "to launch."};
  }
  if (eni.ipv4.size() + eni.ipv4_prefixes.size() > static_cast<std::size_t>(type.ipv4_per_eni)) {
    return ipv4_count_exceeded();
  }
  if (eni.ipv6.size() + eni.ipv6_prefixes.size() > static_cast<std::size_t>(type.ipv6_per_eni)) {
    return ipv6_count_exceeded();
  }
  return {};
}

Outcome<Instance*> instance_to_change(State& state, const Params& params) {
  const std::string id = TRY(params.required("InstanceId"));
  const auto found = state.instances.find(id);
  if (found == state.instances.end()) {
    return ecs_not_found(id);
  }
  return &found->second;
}

// The trunk that a member is to be attached to; null where none is named.
Outcome<const Eni*> trunk_of(const State& state, const Params& params, const Instance& instance) {
  const std::string id = params.text("TrunkNetworkInstanceId");
  if (id.empty()) {
    return static_cast<const Eni*>(nullptr);
  }
  const auto trunk = state.enis.find(id);
  if (trunk == state.enis.end()) {
    return eni_not_found(id);
  }
  if (trunk->second.type != EniType::kTrunk || trunk->second.instance != instance.id) {
    return Refusal{403, "InvalidOperation.InvalidEniType",
                   "The specified trunk ENI is no trunk of this instance."};
  }
  return &trunk->second;
}

void start_attach(State& state, Eni& eni, const Instance& instance) {
  occupy(state, eni);
  eni.state = EniState::kAttaching;
  eni.instance = instance.id;
  eni.device_index = eni.trunk.empty() ? lowest_free_index(state, instance.id) : 0;
  eni.queues = eni.queues == 0 ? instance.type.queues_per_eni : eni.queues;
  ++eni.task;
  const Time answered = state.now + state.answer_after;
  const Time done = answered + state.random.within(state.scene.delays.attach);
  if (goes_wrong(state, "attach_fails", eni, state.scene.faults.attach_fails_percent)) {
    later(state, eni, done, attach_failed);
  } else {
    const Millis apart = state.random.within(state.scene.lags.guest_device);
    const Time appears = state.random.below(2) == 0 ? done + apart : done - apart;
    later(state, eni, std::max(answered, appears), device_appears);
    later(state, eni, done, attach_done);
  }
  publish_eni(state, eni);
}

void start_detach(State& state, Eni& eni) {
  occupy(state, eni);
  eni.state = EniState::kDetaching;
  ++eni.task;
  const Time answered = state.now + state.answer_after;
  eni.stuck = goes_wrong(state, "detach_sticks", eni, state.scene.faults.detach_sticks_percent);
  if (!eni.stuck) {
    const Millis takes = state.random.within(state.scene.delays.detach);
    const Millis until_unplug = state.random.within(TimeRange{Millis{0}, takes});
    later(state, eni, answered + until_unplug, device_goes);
    later(state, eni, answered + takes, detach_done);
  }
  publish_eni(state, eni);
}

}  // namespace

Outcome<json> attach_network_interface(State& state, const Params& params) {
  TRY(params.required("InstanceId"));
  const auto card = TRY(params.integer("NetworkCardIndex", 0, 1));
  Eni* eni = TRY(eni_to_change(state, params));
  const Instance* instance = TRY(instance_to_change(state, params));
  const Eni* trunk = TRY(trunk_of(state, params, *instance));
  if (eni->type == EniType::kPrimary || (trunk != nullptr && eni->type == EniType::kTrunk)) {
    return Refusal{403, "InvalidOperation.InvalidEniType",
                   "The operation is not allowed on this type of ENI."};
  }
  TRY(check_instance_takes(*instance, *eni));
  TRY(check_changeable(state, *eni, {EniState::kAvailable}));
  TRY(check_instance_state(*instance));
  TRY(check_attach_room(state, *instance, *eni, trunk != nullptr));
  eni->card_index = static_cast<int>(card.value_or(0));
  if (trunk != nullptr) {
    eni->trunk = trunk->id;
    eni->type = EniType::kMember;
  }
  start_attach(state, *eni, *instance);
  return json::object();
}

Outcome<json> detach_network_interface(State& state, const Params& params) {
  TRY(params.required("InstanceId"));
  Eni* eni = TRY(eni_to_change(state, params));
  const Instance* instance = TRY(instance_to_change(state, params));
  if (eni->type == EniType::kPrimary) {
    return Refusal{400, "InvalidOperation.DetachPrimaryEniNotAllowed",
                   "The primary ENI cannot be detached."};
  }
  if (eni->instance != instance->id && !eni->instance.empty()) {
    return Refusal{400, "InvalidParameter.EniNotBelongEcs",
                   "The specified ENI does not belong to the specified ECS."};
  }
  if (eni->state == EniState::kDetaching && !eni->service_managed) {
    if (eni->stuck) {
      start_detach(state, *eni);
    }
    return json::object();
  }
  TRY(check_changeable(state, *eni, {EniState::kInUse, EniState::kDetaching}));
  TRY(check_instance_state(*instance));
  if (has_members(state, *eni)) {
    return Refusal{400, "InvalidOperation.HasMemberEniAttached",
                   "The trunk ENI still has member ENIs."};
  }
  start_detach(state, *eni);
  return json::object();
}

Outcome<json> delete_network_interface(State& state, const Params& params) {
  Eni* eni = TRY(eni_to_change(state, params));
  const bool again = eni->state == EniState::kDeleting && !eni->service_managed;
  if (again && !eni->stuck) {
    return json::object();
  }
  if (!again) {
    TRY(check_changeable(state, *eni, {EniState::kAvailable, EniState::kDeleting}));
  }
  occupy(state, *eni);
  eni->state = EniState::kDeleting;
  ++eni->task;
  eni->stuck = goes_wrong(state, "delete_sticks", *eni, state.scene.faults.delete_sticks_percent);
  if (!eni->stuck) {
    later(state, *eni,
          state.now + state.answer_after + state.random.within(state.scene.delays.delete_eni),
          delete_done);
  }
  publish_eni(state, *eni);
  return json::object();
}

void come_loose(State& state, Eni& eni) {
  device_goes(state, eni);
  ++eni.task;
  eni.state = EniState::kAvailable;
  eni.stuck = false;
  eni.instance.clear();
  eni.device_index = 0;
  if (eni.type == EniType::kMember) {
    eni.type = EniType::kSecondary;
    eni.trunk.clear();
  }
  publish_eni(state, eni);
}

void remove_eni(State& state, const std::string& id) {
  const auto found = state.enis.find(id);
  if (found == state.enis.end()) {
    return;
  }
  feed_unplug(state, found->second);
  publish_eni_gone(state, found->second);
  release(state, state.vswitches.at(found->second.vswitch), holdings(found->second));
  state.enis.erase(found);
}

}  // namespace catena::sim
