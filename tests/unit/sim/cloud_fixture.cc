#include "tests/unit/sim/cloud_fixture.h"

#include <gtest/gtest.h>

namespace catena::test {
namespace {

using nlohmann::json;

sim::Action action_of(const std::string& product_action, const Parameters& parameters) {
  const std::size_t slash = product_action.find('/');
  sim::Action action;
  action.product = product_action.substr(0, slash);
  action.name = product_action.substr(slash + 1);
  action.region = "cn-hangzhou";
  action.parameters = parameters;
  return action;
}

}  // namespace

Cloud::Cloud(const sim::Scene& scene, sim::Plane* plane) {
  auto world = sim::World::create(scene, plane);
  if (!world.ok()) {
    ADD_FAILURE() << world.error().text();
    std::abort();
  }
  world_ = std::move(world).value();
}

json Cloud::ok(const std::string& product_action, const Parameters& parameters) {
  auto answer = world_->perform(action_of(product_action, parameters));
  if (const auto* refusal = std::get_if<sim::Refusal>(&answer)) {
    ADD_FAILURE() << product_action << " is refused: " << refusal->code << " " << refusal->message;
    return json::object();
  }
  return std::get<json>(std::move(answer));
}

sim::Refusal Cloud::refused(const std::string& product_action, const Parameters& parameters) {
  auto answer = world_->perform(action_of(product_action, parameters));
  if (const auto* value = std::get_if<json>(&answer)) {
    ADD_FAILURE() << product_action << " is answered: " << value->dump();
    return {};
  }
  return std::get<sim::Refusal>(std::move(answer));
}

json Cloud::console(const json& request) {
  auto answer = world_->console(request);
  if (!answer.ok()) {
    ADD_FAILURE() << request.dump() << ": " << answer.error().text();
    return json::object();
  }
  return std::move(answer).value();
}

void Cloud::settle() {
  while (const auto due = world_->next_due()) {
    world_->advance_to(*due);
  }
  world_->advance(sim::Millis{60'000});
}

std::string Cloud::create_eni(const Parameters& more) {
  Parameters parameters{{"VSwitchId", vswitch('h')}, {"SecurityGroupId", kGroup}};
  for (const auto& [key, value] : more) {
    parameters[key] = value;
  }
  return ok("ecs/CreateNetworkInterface", parameters).value("NetworkInterfaceId", "");
}

std::string Cloud::attached_eni(const std::string& instance, const Parameters& more) {
  std::string id = create_eni(more);
  ok("ecs/AttachNetworkInterface", {{"NetworkInterfaceId", id}, {"InstanceId", instance}});
  settle();
  EXPECT_EQ(state_of(id), "InUse");
  return id;
}

json Cloud::eni(const std::string& id) {
  const json dump = world_->dump();
  for (const json& eni : dump["enis"]) {
    if (eni["id"] == id) {
      return eni;
    }
  }
  return nullptr;
}

std::string Cloud::state_of(const std::string& id) {
  const json found = eni(id);
  return found.is_null() ? "gone" : found["state"].get<std::string>();
}

std::vector<std::string> Cloud::route_states() {
  std::vector<std::string> states;
  const json dump = world_->dump();
  for (const json& route : dump["routes"]) {
    if (route["type"] == "Custom") {
      states.push_back(route["state"]);
    }
  }
  return states;
}

std::string Cloud::table() { return world_->dump()["vpcs"][0]["routeTables"][0]; }

sim::Scene instant_scene(int nodes) {
  sim::Scene scene = sim::default_scene(nodes);
  sim::make_instant(scene);
  return scene;
}

std::string node(int number) { return "i-bp1catena00000node000" + std::to_string(number); }
std::string vswitch(char zone) { return std::string("vsw-bp1catena000000zone") + zone; }

}  // namespace catena::test
