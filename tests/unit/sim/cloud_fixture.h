// A simulated VPC under test, spoken to as the gateway does.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "sim/world.h"

namespace catena::test {

using Parameters = std::map<std::string, std::string>;

// Of AttachNetworkInterface and DetachNetworkInterface.
inline Parameters pair_of(const std::string& eni, const std::string& instance) {
  return {{"NetworkInterfaceId", eni}, {"InstanceId", instance}};
}

class Cloud {
 public:
  // Fails the test when the scene is refused.
  explicit Cloud(const sim::Scene& scene, sim::Plane* plane = nullptr);
  sim::World& world() { return *world_; }
  sim::World* operator->() { return world_.get(); }

  // The answer; fails the test when the cloud refuses.
  nlohmann::json ok(const std::string& product_action, const Parameters& parameters);
  // The refusal; fails the test when the cloud answers.
  sim::Refusal refused(const std::string& product_action, const Parameters& parameters);
  std::string code(const std::string& product_action, const Parameters& parameters) {
    return refused(product_action, parameters).code;
  }
  // Fails the test when it cannot be done.
  nlohmann::json console(const nlohmann::json& request);

  // Runs all that is due, and every lag.
  void settle();

  std::string create_eni(const Parameters& more = {});
  std::string attached_eni(const std::string& instance, const Parameters& more = {});
  // As dump() has it; null where it does not exist.
  nlohmann::json eni(const std::string& id);
  std::string state_of(const std::string& id);
  std::vector<std::string> route_states();
  std::string table();

 private:
  std::unique_ptr<sim::World> world_;
};

// default_scene(nodes) without waits and lags.
sim::Scene instant_scene(int nodes);
// The ids of default_scene.
std::string node(int number);
std::string vswitch(char zone);
inline constexpr const char* kGroup = "sg-bp1catena0000000group1";

}  // namespace catena::test
