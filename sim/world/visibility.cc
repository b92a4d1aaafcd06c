#include "sim/world/visibility.h"

#include <algorithm>

#include "sim/world/pool.h"

namespace catena::sim {
namespace {

// Nobody can see it any more once every lag is over.
template <typename T>
void forget_later(State& state, std::map<std::uint64_t, T> State::*views, std::uint64_t serial,
                  Millis longest_lag) {
  state.at(state.now + longest_lag,
           [views, serial](State& later) { (later.*views).erase(serial); });
}

template <typename T>
void set_lagged(State& state, Lagged<T>& view, T value, const TimeRange& lag) {
  view.set(std::move(value), state.now + state.random.within(lag), state.now);
}

void set_eni(State& state, std::uint64_t serial, const EniPtr& value) {
  SeenEni& views = state.seen_enis[serial];
  set_lagged(state, views.api, value, state.scene.lags.describe);
  set_lagged(state, views.metadata, value, state.scene.lags.metadata);
}

template <typename T>
std::vector<std::shared_ptr<const T>> present(
    const std::map<std::uint64_t, Lagged<std::shared_ptr<const T>>>& views, Time now) {
  std::vector<std::shared_ptr<const T>> found;
  for (const auto& [serial, view] : views) {
    const auto* value = view.seen(now);
    if (value != nullptr && *value != nullptr) {
      found.push_back(*value);
    }
  }
  return found;
}

}  // namespace

void publish_eni(State& state, const Eni& eni) {
  set_eni(state, eni.serial, std::make_shared<const Eni>(eni));
}

void publish_eni_gone(State& state, const Eni& eni) {
  set_eni(state, eni.serial, nullptr);
  const Millis longest = std::max(state.scene.lags.describe.most, state.scene.lags.metadata.most);
  forget_later(state, &State::seen_enis, eni.serial, longest);
}

void publish_instance(State& state, const Instance& instance) {
  set_lagged(state, state.seen_instances[instance.serial_order],
             std::make_shared<const Instance>(instance), state.scene.lags.describe);
}

void publish_instance_gone(State& state, const Instance& instance) {
  set_lagged(state, state.seen_instances[instance.serial_order], InstancePtr(),
             state.scene.lags.describe);
  forget_later(state, &State::seen_instances, instance.serial_order,
               state.scene.lags.describe.most);
}

void publish_route(State& state, const RouteEntry& route) {
  set_lagged(state, state.seen_routes[route.serial], std::make_shared<const RouteEntry>(route),
             state.scene.lags.describe);
}

void publish_route_gone(State& state, const RouteEntry& route) {
  set_lagged(state, state.seen_routes[route.serial], RoutePtr(), state.scene.lags.describe);
  forget_later(state, &State::seen_routes, route.serial, state.scene.lags.describe.most);
}

void publish_count(State& state, VSwitch& vswitch) {
  set_lagged(state, vswitch.available, available_addresses(state, vswitch),
             state.scene.lags.available_count);
}

std::vector<EniPtr> seen_enis(const State& state) {
  std::vector<EniPtr> found;
  for (const auto& [serial, views] : state.seen_enis) {
    const EniPtr* value = views.api.seen(state.now);
    if (value != nullptr && *value != nullptr) {
      found.push_back(*value);
    }
  }
  return found;
}

EniPtr seen_eni(const State& state, const std::string& id) {
  for (const EniPtr& eni : seen_enis(state)) {
    if (eni->id == id) {
      return eni;
    }
  }
  return nullptr;
}

std::vector<InstancePtr> seen_instances(const State& state) {
  return present(state.seen_instances, state.now);
}

std::vector<RoutePtr> seen_routes(const State& state) {
  return present(state.seen_routes, state.now);
}

std::vector<EniPtr> metadata_enis(const State& state, const std::string& instance) {
  std::vector<EniPtr> found;
  for (const auto& [serial, views] : state.seen_enis) {
    const EniPtr* value = views.metadata.seen(state.now);
    if (value != nullptr && *value != nullptr && (*value)->instance == instance &&
        ((*value)->state == EniState::kInUse || (*value)->state == EniState::kDetaching)) {
      found.push_back(*value);
    }
  }
  return found;
}

}  // namespace catena::sim
