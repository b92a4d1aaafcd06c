// Machines start, stop and go.
#include "sim/world/enis.h"
#include "sim/world/instances.h"
#include "sim/world/plane_feed.h"
#include "sim/world/visibility.h"

namespace catena::sim {
namespace {

void later(State& state, const Instance& instance, Time when, void (*what)(State&, Instance&)) {
  state.at(when, [id = instance.id, task = instance.task, what](State& world) {
    const auto found = world.instances.find(id);
    if (found != world.instances.end() && found->second.task == task) {
      what(world, found->second);
    }
  });
}

// A guest that hangs on to a device lets go of it when it restarts.
void finish_stuck_detaches(State& state, const Instance& instance) {
  for (auto& [id, eni] : state.enis) {
    if (eni.instance == instance.id && eni.state == EniState::kDetaching && eni.stuck) {
      come_loose(state, eni);
    }
  }
}

void stopped(State& state, Instance& instance) {
  instance.state = InstanceState::kStopped;
  feed_node_gone(state, instance);
  finish_stuck_detaches(state, instance);
  publish_instance(state, instance);
}

void started(State& state, Instance& instance) {
  instance.state = InstanceState::kRunning;
  feed_node(state, instance);
  for (auto& [id, eni] : state.enis) {
    if (eni.instance == instance.id && eni.present && eni.state != EniState::kDetaching) {
      feed_plug(state, eni);
    }
  }
  publish_instance(state, instance);
}

base::Error not_now(const Instance& instance, const char* what) {
  return {base::ErrorKind::kExists, "instance " + instance.id + " cannot be " + what +
                                        " while it is " + std::string(name_of(instance.state))};
}

}  // namespace

base::Status start_instance(State& state, Instance& instance) {
  if (instance.state != InstanceState::kStopped) {
    return not_now(instance, "started");
  }
  instance.state = InstanceState::kStarting;
  ++instance.task;
  later(state, instance, state.now + state.random.within(state.scene.delays.start), started);
  publish_instance(state, instance);
  return {};
}

base::Status stop_instance(State& state, Instance& instance) {
  if (instance.state != InstanceState::kRunning) {
    return not_now(instance, "stopped");
  }
  instance.state = InstanceState::kStopping;
  ++instance.task;
  later(state, instance, state.now + state.random.within(state.scene.delays.stop), stopped);
  publish_instance(state, instance);
  return {};
}

void terminate_instance(State& state, const std::string& id) {
  const auto found = state.instances.find(id);
  if (found == state.instances.end()) {
    return;
  }
  feed_node_gone(state, found->second);
  std::vector<std::string> attached;
  for (const auto& [eni_id, eni] : state.enis) {
    if (eni.instance == id) {
      attached.push_back(eni_id);
    }
  }
  for (const std::string& eni_id : attached) {
    Eni& eni = state.enis.at(eni_id);
    if (eni.type == EniType::kPrimary || eni.delete_on_release) {
      remove_eni(state, eni_id);
    } else {
      come_loose(state, eni);
    }
  }
  publish_instance_gone(state, found->second);
  state.instances.erase(found);
  feed_routes(state);
}

}  // namespace catena::sim
