#include "tests/crash/cloud/node_pods.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/crash/cloud/differences.h"

namespace catena::crash {
namespace {

using nlohmann::json;

std::string name_of(int number) { return "pod-" + std::to_string(number); }

}  // namespace

ipam::EniClaim NodePods::next_claim(bool dual) const {
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
  return claim;
}

void NodePods::add(const Taken& taken, bool own) {
  EXPECT_TRUE(taken.ok()) << taken.error().text();
  if (!taken.ok() || !taken->has_value()) {
    return;
  }
  Pod pod;
  pod.eni = (*taken)->eni.id;
  pod.own_nic = own ? (*taken)->eni.mac.to_string() : "";
  for (const ipam::Record& record : (*taken)->records) {
    pod.addresses.insert(record.address.to_string());
  }
  with_own_eni_ += own ? 1 : 0;
  running_.emplace(started_++, pod);
}

void NodePods::start(ipam::Store& store, bool dual) {
  add(store.claim_from_enis(next_claim(dual), {}), false);
}

void NodePods::start_with_eni(ipam::Store& store, bool dual) {
  add(store.claim_eni(next_claim(dual), {}), true);
}

bool NodePods::is_at_home(const sim::World& world, const std::string& instance,
                          const base::Mac& nic) const {
  const std::string mac = nic.to_string();
  const json truth = world.dump();
  const json& enis = truth["enis"];
  const bool attached = std::ranges::any_of(enis, [&](const json& eni) {
    return eni["mac"] == mac && eni["state"] == "InUse" && eni["instance"] == instance;
  });
  return attached && std::ranges::none_of(
                         running_, [&mac](const auto& item) { return item.second.own_nic == mac; });
}

void NodePods::end_one(ipam::Store& store) {
  if (!running_.empty()) {
    const auto& [number, pod] = *running_.begin();
    const std::string name = name_of(number);
    EXPECT_TRUE(
        (pod.own_nic.empty() ? store.release(name, "eth0") : store.release_eni(name, "eth0")).ok());
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
  std::set<std::string> detached;
  for (const json& eni : world.dump()["enis"]) {
    if (eni["state"] != "InUse") {
      detached.insert(eni["id"].get<std::string>());
    }
  }
  for (const auto& [number, pod] : running_) {
    if (!pod.own_nic.empty() && !given.insert(pod.eni).second) {
      wrong.push_back(name_of(number) + " has " + pod.eni + ", and so has another");
    }
    if (detached.contains(pod.eni) && !taken_away_.contains(pod.eni)) {
      wrong.push_back(name_of(number) + " is on " + pod.eni + ", which is not attached");
    }
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
