// Nodes of a simulated VPC whose pods are started by the real cnitool: catena-sim runs beside.
#pragma once

#include <memory>
#include <string>
#include <sys/types.h>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/base/ip.h"
#include "tests/chain/chain_node.h"
#include "tests/kernel/sim/program.h"

namespace catena::test {

// One node of a simulation, with a store and a conflist of its own. Its podCIDR is
// 172.30.<number>.0/24.
class SimNode {
 public:
  // `facts`: an entry of "nodes" of what `catena-sim ctl reach` says; `environment`: what a program
  // inside needs to reach the OpenAPI.
  SimNode(int number, const json& facts, const json& environment);

  const ScratchNetNs& netns() const { return netns_; }
  const std::string& id() const { return id_; }
  // Of its own NIC.
  base::IpAddress address(base::Family family) const;
  std::string cidr() const { return "172.30." + std::to_string(number_) + ".0/24"; }
  std::string state_dir() const { return dir_.path() + "/state"; }
  std::string log() const;

  // A conflist with catena-vpc-route alone, `overrides` merged into its object.
  void install(const json& overrides) const;
  // One with catena-multiip alone, which asks for ENIs as `eni_conf` says (null: without eni.conf).
  void install_multiip(const json& overrides, const json& eni_conf) const;
  void install_chain(const json& plugins) const;
  Outcome cnitool(const std::string& verb, const ScratchNetNs& pod) const;
  // cnitool and what it started are killed after so many milliseconds; 0: never.
  Outcome cnitool_killed_after(unsigned milliseconds, const std::string& verb,
                               const ScratchNetNs& pod) const;
  // The addresses; fails the running test when the ADD fails.
  std::vector<base::IpAddress> add_all(const ScratchNetNs& pod) const;
  // The first of them.
  base::IpAddress add(const ScratchNetNs& pod) const;
  Outcome agent(const std::vector<std::string>& arguments) const;
  // A program that goes on until it is killed, or this process ends. Its stderr is added to log().
  pid_t start(const std::vector<std::string>& argv) const;
  std::string socket() const { return dir_.path() + "/agent.sock"; }
  std::string eni_conf() const { return dir_.path() + "/eni.json"; }

 private:
  ProcessOptions here() const;

  int number_;
  std::string id_;
  ScratchNetNs netns_;
  TempDir dir_;
  std::vector<std::pair<std::string, std::string>> environment_;
};

// A simulation of `count` machines with the delays of the cloud, and its nodes.
class SimNodes {
 public:
  explicit SimNodes(int count, const json& scene = json::object());

  const SimNode& operator[](std::size_t index) const { return *nodes_.at(index); }
  // The one that stands for the VPC, which routes between the nodes.
  ScratchNetNs vpc_netns() const;
  // Packets that the VPC dropped since an ENI may not send with their source.
  int spoofed() const;
  // The answer to an order; fails the running test when it is refused.
  json ctl(const std::vector<std::string>& words) const;

 private:
  TempDir dir_;
  std::unique_ptr<Program> program_;
  std::vector<std::unique_ptr<SimNode>> nodes_;
};

}  // namespace catena::test
