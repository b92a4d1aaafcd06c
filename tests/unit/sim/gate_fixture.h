// A simulated cloud of one node without delays and lags, and a client that signs.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "sim/gateway.h"
#include "sim/gateway/authenticate.h"
#include "sim/metadata_service.h"
#include "sim/world.h"
#include "tests/unit/sim/signed_call.h"

namespace catena::sim {

inline constexpr const char* kInstance = "i-bp1catena00000node0001";
inline constexpr const char* kVSwitch = "vsw-bp1catena000000zoneh";
inline constexpr const char* kSecurityGroup = "sg-bp1catena0000000group1";

inline Scene instant_scene() {
  Scene scene = default_scene(1);
  make_instant(scene);
  return scene;
}

struct GateTest : testing::Test {
  explicit GateTest(const Scene& scene = instant_scene())
      : world(World::create(scene).value()), gateway(*world), metadata(*world, gateway) {}

  using Parameters = std::vector<std::pair<std::string, std::string>>;

  SignedCall call_of(const std::string& action, Parameters parameters = {}) const {
    SignedCall call;
    call.action = action;
    call.parameters = std::move(parameters);
    call.timestamp = print_timestamp(world->now());
    return call;
  }

  static nlohmann::json body_of(const Answer& answer) {
    EXPECT_EQ(answer.fate, Answer::Fate::kWhole);
    return nlohmann::json::parse(answer.response.body, nullptr, false);
  }
  // "200" or "<status> <Code>".
  static std::string verdict_of(const Answer& answer) {
    const nlohmann::json body = body_of(answer);
    const std::string status = std::to_string(answer.response.status);
    return body.is_object() && body.contains("Code")
               ? status + " " + body["Code"].get<std::string>()
               : status;
  }
  std::string verdict(const SignedCall& call) {
    return verdict_of(gateway.handle(rpc_request(call)));
  }
  nlohmann::json answer(const SignedCall& call) {
    return body_of(gateway.handle(rpc_request(call)));
  }

  static Parameters new_eni() {
    return {
        {"RegionId", "cn-hangzhou"}, {"VSwitchId", kVSwitch}, {"SecurityGroupId", kSecurityGroup}};
  }
  // How many ENIs of their own the account has.
  std::size_t secondary_enis() {
    const nlohmann::json found = answer(
        call_of("DescribeNetworkInterfaces", {{"RegionId", "cn-hangzhou"}, {"Type", "Secondary"}}));
    return found["NetworkInterfaceSets"]["NetworkInterfaceSet"].size();
  }
  // A RAM user's key that may do what `policy` says.
  void add_user(const std::string& id, RamPolicy policy) {
    AccessKey key;
    key.id = id;
    key.secret = "secret of " + id;
    key.account = world->scene().account;
    key.user = "user-" + id;
    key.policy = std::move(policy);
    gateway.accounts().add_key(std::move(key));
  }

  std::unique_ptr<World> world;
  Gateway gateway;
  MetadataService metadata;
};

}  // namespace catena::sim
