// Node i-a of a simulated VPC with two shared ENIs, a store that knows them, and calls of
// catena-multiip as a runtime would make them.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/ipam/store.h"
#include "tests/kernel/sim/vpc.h"
#include "tests/support/scratch_netns.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_node.h"

namespace catena::test {

struct ScenePlan {
  std::string all_rp_filter = "0";
  int mtu = 1500;
};

// ENI eni-1 is in the primary NIC's vSwitch, eni-2 in the other. The VPC delivers .21 to .29 and
// .50 to .89 of its vSwitch (IPv6 likewise) to each; the store knows what it is told of.
class EniNode {
 public:
  explicit EniNode(const ScenePlan& plan = {});

  Vpc vpc;
  const ScratchNetNs& node() const { return vpc.a(); }
  std::string dir() const { return dir_.path(); }
  std::string state_dir() const { return dir_.path() + "/state"; }
  ipam::Store store() const { return {state_dir(), {}}; }

  // "eni-1", {"21", "22"}: these hosts of the ENI's vSwitch, IPv4 and IPv6.
  void put_addresses(const std::string& eni, const std::vector<std::string>& hosts) const;
  // An ENI of the store that no link belongs to.
  void put_lost_eni(const std::string& id, const std::string& address) const;

  // With this node's stateDir and log, version 1.1.0, IPv4; `overrides` merged over it.
  nlohmann::json config(const nlohmann::json& overrides = nlohmann::json::object()) const;
  // Where no agent is, unless the call's wrapper says so.
  Answer call(const PluginCall& call) const;
  Answer add(const ScratchNetNs& pod, const std::string& container,
             const nlohmann::json& overrides = nlohmann::json::object()) const;
  Answer del(const std::string& netns, const std::string& container,
             const nlohmann::json& overrides = nlohmann::json::object()) const;
  Answer check(const ScratchNetNs& pod, const std::string& container, const Answer& added,
               const nlohmann::json& overrides = nlohmann::json::object()) const;
  // Of GC with these containers valid.
  Answer gc(const std::vector<std::string>& containers) const;

  // What pods left on the node: links, host routes, rules and entries of table inet catena.
  std::string leftovers() const;
  // "10.1.0.10 bound pod-a", one a line, of what is not free or cooling.
  std::string held() const;
  std::string log() const;

 private:
  void put_eni(const ipam::Eni& eni) const;
  TempDir dir_;
};

}  // namespace catena::test
