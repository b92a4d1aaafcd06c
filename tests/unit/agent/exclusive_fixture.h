// A node whose pods have ENIs of their own. In virtual time.
#pragma once

#include <algorithm>
#include <string>

#include "agent/exclusive.h"
#include "tests/unit/agent/pool_fixture.h"

namespace catena::agent {

// ecs.g7.xlarge: 4 ENIs, the primary one included, of 15 addresses each.
class ExclusiveTest : public PoolTest {
 protected:
  explicit ExclusiveTest(const sim::Scene& scene = scene_of("ecs.g7.xlarge")) : PoolTest(scene) {}

  Duty duty(Millis budget = Millis(120'000)) { return duty_on(store_, budget); }
  Duty duty_on(ipam::Store& store, Millis budget = Millis(120'000)) {
    Duty made = PoolTest::duty_on(store, budget);
    made.look_for_nics([this](const base::Mac& nic) -> base::Result<bool> {
      return is_plugged(nic.to_string()) && !away_.contains(nic.to_string());
    });
    return made;
  }
  // A cloud without a data plane shows no NIC before the ENI is in use.
  bool is_plugged(const std::string& mac) {
    const std::vector<nlohmann::json> all = enis();
    return std::ranges::any_of(all, [&mac](const nlohmann::json& eni) {
      return eni["mac"] == mac && eni["state"] == "InUse";
    });
  }
  base::Result<EnisGrown> grow_enis_for(int pods, bool dual = false) {
    Duty now = duty();
    return grow_exclusive(now, {.enis = pods, .families = {.ipv4 = true, .ipv6 = dual}});
  }
  // Idle ENIs after it; -1: it failed.
  int kept() {
    Duty now = duty();
    const auto done = keep_exclusive(now);
    EXPECT_TRUE(done.ok()) << text_of(done);
    notices_ = now.take_notices();
    return done.ok() ? done->grown.idle : -1;
  }
  EniCapacity capacity() {
    Duty now = duty();
    const auto answer = exclusive_capacity(now, capacity_memory_);
    EXPECT_TRUE(answer.ok()) << text_of(answer);
    return answer.ok() ? *answer : EniCapacity();
  }

  static ipam::EniClaim claim_of(const std::string& name, bool dual) {
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
    return claim;
  }
  // The ENI it got, whose NIC moves into it; empty: none.
  std::string start_eni_pod(const std::string& name, bool dual = false) {
    const auto taken = store_.claim_eni(claim_of(name, dual), {});
    EXPECT_TRUE(taken.ok()) << text_of(taken);
    if (!taken.ok() || !taken->has_value()) {
      return "";
    }
    away_.insert((*taken)->eni.mac.to_string());
    return (*taken)->eni.id;
  }
  void end_eni_pod(const std::string& name) {
    const auto eni = store_.eni_of(name, "eth0").value();
    if (eni.has_value()) {
      away_.erase(eni->mac.to_string());
    }
    EXPECT_TRUE(store_.release_eni(name, "eth0").ok());
  }

  std::set<std::string> away_;  // MACs of NICs that are not in the node's namespace
  std::optional<CapacityMemory> capacity_memory_;
  std::vector<std::string> notices_;
};

}  // namespace catena::agent
