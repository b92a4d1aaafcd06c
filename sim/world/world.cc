#include "sim/world.h"

#include <nlohmann/json.hpp>

#include "sim/world/actions.h"
#include "sim/world/build.h"
#include "sim/world/console.h"
#include "sim/world/dump.h"
#include "sim/world/state.h"
#include "sim/world/views.h"

namespace catena::sim {

class World::Impl {
 public:
  explicit Impl(const Scene& scene) : state(scene) {}
  State state;
};

World::World(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
World::~World() = default;

base::Result<std::unique_ptr<World>> World::create(const Scene& scene, Plane* plane) {
  auto impl = std::make_unique<Impl>(scene);
  impl->state.plane = plane;
  TRY(build(impl->state));
  return std::unique_ptr<World>(new World(std::move(impl)));
}

const Scene& World::scene() const { return impl_->state.scene; }
Time World::now() const { return impl_->state.now; }
Millis World::answer_after() const { return impl_->state.answer_after; }

void World::advance_to(Time time) {
  State& state = impl_->state;
  while (!state.events.empty() && state.events.begin()->first.first <= time) {
    auto event = state.events.extract(state.events.begin());
    state.now = std::max(state.now, event.key().first);
    event.mapped()(state);
  }
  state.now = std::max(state.now, time);
}

std::optional<Time> World::next_due() const {
  const State& state = impl_->state;
  if (state.events.empty()) {
    return std::nullopt;
  }
  return state.events.begin()->first.first;
}

bool World::knows(const std::string& product, const std::string& action) {
  return find_action(product, action) != nullptr;
}

std::variant<nlohmann::json, Refusal> World::perform(const Action& action) {
  impl_->state.answer_after = Millis{0};
  Outcome<nlohmann::json> outcome = carry_out(impl_->state, action);
  if (!outcome.ok()) {
    return std::move(outcome).error();
  }
  return std::move(outcome).value();
}

std::optional<InstanceView> World::instance(const std::string& id) const {
  return instance_view(impl_->state, id);
}

std::vector<InstanceView> World::instances() const {
  std::vector<InstanceView> views;
  for (const auto& [id, instance] : impl_->state.instances) {
    views.push_back(*instance_view(impl_->state, id));
  }
  return views;
}

std::vector<NicView> World::nics_of(const std::string& instance) const {
  return nic_views(impl_->state, instance);
}

base::Result<nlohmann::json> World::console(const nlohmann::json& request) {
  return console_action(impl_->state, request);
}

nlohmann::json World::dump() const { return dump_state(impl_->state); }
std::vector<Orphan> World::orphans() const { return find_orphans(impl_->state); }

std::vector<base::Error> World::take_plane_errors() {
  return std::exchange(impl_->state.plane_errors, {});
}

}  // namespace catena::sim
