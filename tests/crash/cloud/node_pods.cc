#include "tests/crash/cloud/node_pods.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/crash/cloud/differences.h"

namespace catena::crash {
namespace {

std::string name_of(int number) { return "pod-" + std::to_string(number); }

}  // namespace

void NodePods::start(ipam::Store& store, bool dual) {
  const std::string name = name_of(started_);
  ipam::EniClaim claim;
  claim.owner = {.container_id = name,
                 .if_name = "eth0",
                 .network = "net",
                 .netns = "/run/netns/" + name,
                 .pod = "default/" + name};
  claim.families = {base::Family::kIpv4};
  if (dual) {
    claim.families.push_back(base::Family::kIpv6);
  }
  const auto taken = store.claim_from_enis(claim, {});
  EXPECT_TRUE(taken.ok()) << taken.error().text();
  if (!taken.ok() || !taken->has_value()) {
    return;
  }
  Pod pod;
  pod.eni = (*taken)->eni.id;
  for (const ipam::Record& record : (*taken)->records) {
    pod.addresses.insert(record.address.to_string());
  }
  running_.emplace(started_++, pod);
}

void NodePods::end_one(ipam::Store& store) {
  if (!running_.empty()) {
    EXPECT_TRUE(store.release(name_of(running_.begin()->first), "eth0").ok());
    running_.erase(running_.begin());
  }
}

void NodePods::end_all(ipam::Store& store) {
  while (!running_.empty()) {
    end_one(store);
  }
}

std::vector<std::string> NodePods::wronged(const sim::World& world, ipam::Store& store) const {
  const EniAddresses in_cloud = addresses_in_cloud(world);
  std::map<std::string, std::string> holders;  // by address
  for (const ipam::Record& record : store.list().value()) {
    if (record.state == ipam::State::kBound) {
      holders[record.address.to_string()] = record.owner.container_id;
    }
  }
  std::vector<std::string> wrong;
  std::set<std::string> given;
  for (const auto& [number, pod] : running_) {
    for (const std::string& address : pod.addresses) {
      const auto eni = in_cloud.find(pod.eni);
      const bool there = eni != in_cloud.end() && eni->second.contains(address);
      const bool excused = taken_away_.contains(pod.eni) || taken_away_.contains(address);
      if (!there && !excused) {
        wrong.push_back(name_of(number) + " has lost " + address + " of " + pod.eni);
      }
      if (holders[address] != name_of(number) || !given.insert(address).second) {
        wrong.push_back(address + " is held by " + name_of(number) + " and by " + holders[address]);
      }
    }
  }
  return wrong;
}

}  // namespace catena::crash
