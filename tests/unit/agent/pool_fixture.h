// A node with a pool: pods take addresses of it and give them back, and somebody else works in the
// console. In virtual time.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "agent/pool.h"
#include "common/base/text.h"
#include "tests/unit/agent/agent_fixture.h"

namespace catena::agent {

// With the waits and lags of the cloud where `instant` is false.
inline sim::Scene scene_of(const std::string& type, bool instant = true) {
  sim::Scene scene = sim::default_scene(2);
  for (sim::SceneInstance& instance : scene.instances) {
    instance.type = type;
  }
  // A second vSwitch of the first node's zone, without a pod at first.
  sim::SceneVSwitch second = scene.vswitches.front();
  second.id += "2";
  second.cidr = base::Prefix::parse("192.168.64.0/20").value();
  second.ipv6_cidr = base::Prefix::parse("2001:db8:1234:1a40::/64").value();
  scene.vswitches.push_back(second);
  if (instant) {
    sim::make_instant(scene);
  }
  return scene;
}

// Of the first vSwitch 16 blocks of 16 addresses can be had.
inline sim::Scene scene_with_blocks() {
  sim::Scene scene = scene_of("ecs.g7.4xlarge");
  scene.vswitches.front().prefix_reservations = {
      base::Prefix::parse("192.168.8.0/24").value(),
      base::Prefix::parse("2001:db8:1234:1a00:8000::/65").value()};
  return scene;
}

// ecs.g7.4xlarge: 8 ENIs, the primary one included, of 30 addresses each.
class PoolTest : public AgentTest {
 protected:
  explicit PoolTest(const sim::Scene& scene = scene_of("ecs.g7.4xlarge"))
      : AgentTest(scene), metadata_(transport_, pace_) {
    settings_.pool.max_idle = 5;
  }

  Duty duty(Millis budget = Millis(120'000)) { return duty_on(store_, budget); }
  Duty duty_on(ipam::Store& store, Millis budget = Millis(120'000)) {
    Duty made(store, client_, settings_, budget);
    made.ask_also(&metadata_, [this](const base::IpAddress& address) -> base::Result<bool> {
      return kernel_.contains(address);
    });
    return made;
  }

  base::Result<PoolGrown> grow_for(int pods, Families families = {}) {
    Duty now = duty();
    return grow_pool(now, {.pods = pods, .families = families});
  }
  base::Result<PoolKept> keep(int pending = 0) {
    Duty now = duty();
    return keep_pool(now, pending, memory_);
  }
  // Its lines, or the first error.
  std::string sync() { return sync_on(store_); }
  std::string sync_on(ipam::Store& store) {
    Duty now = duty_on(store, std::chrono::minutes(5));
    const auto synced = sync_pool(now);
    if (!synced.ok() || !synced->left.empty()) {
      return synced.ok() ? synced->left.front().text() : synced.error().text();
    }
    return base::join(synced->done, "; ");
  }

  // The address the pod got; empty: none.
  std::string start_pod(const std::string& name, bool dual = false) {
    ipam::EniClaim claim;
    claim.owner = {.container_id = name,
                   .if_name = "eth0",
                   .network = "n",
                   .netns = "/n/" + name,
                   .pod = "default/" + name};
    claim.families = {base::Family::kIpv4};
    if (dual) {
      claim.families.push_back(base::Family::kIpv6);
    }
    const auto taken = store_.claim_from_enis(claim, {});
    EXPECT_TRUE(taken.ok()) << text_of(taken);
    return taken.ok() && taken->has_value() ? (*taken)->records.front().address.to_string() : "";
  }
  void start_pods(int count) {
    for (int i = 0; i < count; ++i) {
      EXPECT_NE(start_pod("pod-" + std::to_string(++started_)), "");
    }
  }
  void end_pod(const std::string& name) { EXPECT_TRUE(store_.release(name, "eth0").ok()); }

  int count_in(ipam::State state) { return count_in(store_, state); }
  static int count_in(ipam::Store& store, ipam::State state) {
    const auto records = store.list().value();
    return static_cast<int>(std::ranges::count(records, state, &ipam::Record::state));
  }
  ipam::Record record_of(const std::string& address) {
    for (const ipam::Record& record : store_.list().value()) {
      if (record.address.to_string() == address) {
        return record;
      }
    }
    return {};
  }
  // ENIs and addresses as the cloud has them and as the store has them.
  std::string disagreement() {
    std::set<std::string> cloud;
    for (const nlohmann::json& eni : enis()) {
      for (const char* family : {"ipv4", "ipv6"}) {
        for (const nlohmann::json& address : eni[family]) {
          cloud.insert(eni["id"].get<std::string>() + " " + address.get<std::string>());
        }
      }
    }
    std::set<std::string> known;
    for (const ipam::Record& record : store_.list().value()) {
      known.insert(record.pool + " " + record.address.to_string());
    }
    return cloud == known
               ? ""
               : "cloud " + nlohmann::json(cloud).dump() + " store " + nlohmann::json(known).dump();
  }

  std::uint64_t assign_calls() {
    return calls("AssignPrivateIpAddresses") + calls("AssignIpv6Addresses");
  }
  std::uint64_t all_calls() {
    std::uint64_t sum = 0;
    for (const auto& [action, count] : cloud_.gateway().counts()) {
      sum += count.calls;
    }
    return sum;
  }
  void cut_off() {
    sim::Fault fault;
    fault.what = sim::Fault::What::kRefused;
    fault.count = -1;
    cloud_.gateway().faults().add(fault);
  }
  void wait(std::chrono::minutes time) { pace_.sleep(time); }
  void use_both_vswitches() {
    settings_.vswitches.push_back(scene_.vswitches.back().id);
    settings_.vswitch_policy = cloud::VSwitchPolicy::kOrdered;
  }

  cloud::Metadata metadata_;
  std::set<base::IpAddress> kernel_;  // addresses that the kernel of the node knows
  PoolMemory memory_;
  int started_ = 0;
};

}  // namespace catena::agent
