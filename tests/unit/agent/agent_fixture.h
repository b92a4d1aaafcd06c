// One node of a simulated cloud without delays and lags, and its duties.
#pragma once

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "agent/duties.h"
#include "tests/support/cloud/sim_cloud.h"

namespace catena::agent {

inline sim::Scene instant_scene() {
  sim::Scene scene = sim::default_scene(2);
  sim::make_instant(scene);
  return scene;
}

class AgentTest : public testing::Test {
 protected:
  explicit AgentTest(sim::Scene scene = instant_scene())
      : scene_(std::move(scene)),
        cloud_(scene_),
        pace_(cloud_.world(), cloud_.gateway()),
        clock_(pace_, points_),
        transport_(cloud_.world(), cloud_.gateway(), cloud_.metadata(), pace_, instance()),
        keys_(cloud_.credentials()),
        client_(transport_, pace_, keys_, nullptr, options_for(scene_)),
        settings_(test::settings_of(scene_, scene_.instances.front(), 1)),
        store_(dir_.path() + "/state", {.cooling = Millis(0), .clock = &clock_, .boot_id = "b-1"}) {
  }

  std::string instance() const { return scene_.instances.front().id; }
  std::string other_instance() const { return scene_.instances.back().id; }
  Duty duty(Millis budget = Millis(120'000)) { return {store_, client_, settings_, budget}; }

  // The new ENI.
  ipam::Eni grown(int ipv4 = 0, int ipv6 = 0) {
    Duty now = duty();
    const auto done = grow(now, request_for(ipv4, ipv6));
    EXPECT_TRUE(done.ok()) << done.error().text();
    return done.ok() ? done->eni : ipam::Eni();
  }
  static GrowRequest request_for(int ipv4, int ipv6, const std::string& eni = {}) {
    return {.eni = eni, .ipv4 = ipv4, .ipv6 = ipv6, .mode = "shared", .purpose = "test"};
  }
  template <typename Value>
  static std::string text_of(const base::Result<Value>& result) {
    return result.ok() ? "done" : result.error().text();
  }

  // Calls of an action that reached the cloud.
  std::uint64_t calls(const std::string& action) {
    const auto& counts = cloud_.gateway().counts();
    const auto found = counts.find(action);
    return found == counts.end() ? 0 : found->second.calls;
  }
  void refuse(const std::string& action, int status, const std::string& code, int count = 1) {
    sim::Fault fault;
    fault.action = action;
    fault.count = count;
    fault.status = status;
    fault.code = code;
    fault.message = "told to fail";
    cloud_.gateway().faults().add(fault);
  }
  void lose_answers(const std::string& action, int count = 1) {
    sim::Fault fault;
    fault.action = action;
    fault.count = count;
    fault.when = sim::Fault::When::kAfter;
    fault.what = sim::Fault::What::kLost;
    cloud_.gateway().faults().add(fault);
  }
  nlohmann::json console(const nlohmann::json& request) {
    const auto done = cloud_.world().console(request);
    EXPECT_TRUE(done.ok()) << done.error().text();
    return done.ok() ? *done : nlohmann::json();
  }
  // ENIs beside the instances' own.
  std::vector<nlohmann::json> enis() {
    std::vector<nlohmann::json> found;
    const nlohmann::json truth = cloud_.world().dump();
    for (const nlohmann::json& eni : truth["enis"]) {
      if (eni["type"] != "Primary") {
        found.push_back(eni);
      }
    }
    return found;
  }
  std::vector<nlohmann::json> routes() {
    std::vector<nlohmann::json> found;
    const nlohmann::json truth = cloud_.world().dump();
    for (const nlohmann::json& route : truth["routes"]) {
      if (route["type"] == "Custom") {
        found.push_back(route);
      }
    }
    return found;
  }
  ipam::CloudRecords known() { return store_.cloud().value(); }

  sim::Scene scene_;
  test::SimCloud cloud_;
  sim::VirtualPace pace_;
  test::KillPoints points_;
  test::MortalClock clock_;
  sim::SimTransport transport_;
  test::FixedKeys keys_;
  cloud::Client client_;
  Settings settings_;
  test::TempDir dir_;
  ipam::Store store_;

 private:
  static cloud::ClientOptions options_for(const sim::Scene& scene) {
    cloud::ClientOptions options;
    options.endpoints.region = scene.region;
    options.seed = 1;
    return options;
  }
};

}  // namespace catena::agent
