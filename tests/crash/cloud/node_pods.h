// The pods of a node: they take addresses of its pool, or whole ENIs, and give them back, and
// whatever else happens, nobody takes theirs away.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/ipam/store.h"
#include "sim/world.h"

namespace catena::crash {

class NodePods {
 public:
  // One more, where the pool has an address.
  void start(ipam::Store& store, bool dual);
  // One more with an ENI of its own, whose NIC moves into it, where one is idle.
  void start_with_eni(ipam::Store& store, bool dual);
  // The oldest one.
  void end_one(ipam::Store& store);
  void end_all(ipam::Store& store);
  // No pod outlives a boot.
  void boot() { running_.clear(); }
  // Somebody took `thing`, an address or an ENI, away in the console.
  void taken_away(const std::string& thing) { taken_away_.insert(thing); }
  int count() const { return static_cast<int>(running_.size()); }
  // Of all that ever began, those with an ENI of their own.
  int with_own_eni() const { return with_own_eni_; }
  // Whether the NIC of an ENI that is attached to `instance` is in no pod.
  bool is_at_home(const sim::World& world, const std::string& instance, const base::Mac& nic) const;

  // Pods that the store gave what it must not, or whose address the cloud does not have any more
  // though nobody in the console took it: one line each.
  std::vector<std::string> wronged(const sim::World& world, ipam::Store& store) const;

 private:
  struct Pod {
    std::string eni;
    std::set<std::string> addresses;
    std::string own_nic;  // MAC; empty: the ENI is shared
  };
  using Taken = base::Result<std::optional<ipam::EniAttachment>>;

  ipam::EniClaim next_claim(bool dual) const;
  void add(const Taken& taken, bool own);
  std::map<int, Pod> running_;  // by the order in which they began
  std::set<std::string> taken_away_;
  int started_ = 0;
  int with_own_eni_ = 0;
};

}  // namespace catena::crash
