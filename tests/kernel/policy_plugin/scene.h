// A node whose pods are shut by the plugin that makes their link, and catena-policy behind it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/netpol/record.h"
#include "tests/support/scratch_netns.h"
#include "tests/support/test_node.h"

namespace catena::test {

// A call of catena-policy for pod shop/<container>.
struct PolicyCall {
  std::string command = "ADD";
  std::string container = "pod-a";
  std::string netns;
  nlohmann::json result;  // of the plugin before it; null: there is none
  nlohmann::json keys = nlohmann::json::object();
  bool named = true;         // the runtime says which pod it is
  std::string agent_socket;  // empty: there is no agent
  std::vector<std::string> wrapper;
};

// Of TestNode's addresses; a pod's is 172.30.1.<number>.
class PolicyNode {
 public:
  PolicyNode() : topology_("catena-vpc-route") {}

  const TestNode& topology() const { return topology_; }
  const ScratchNetNs& node() const { return topology_.node; }
  const ScratchNetNs& outside() const { return topology_.outside; }
  std::string dir() const { return topology_.dir(); }
  std::string state_dir() const { return topology_.state_dir(); }
  std::string log() const;

  // The result of catena-vpc-route with closedUntilPolicy. Fails the test when the plugin does.
  nlohmann::json make_link(const ScratchNetNs& pod, const std::string& container = "pod-a",
                           int number = 5) const;
  void remove_link(const std::string& netns, const std::string& container = "pod-a") const;

  nlohmann::json config(const nlohmann::json& keys = nlohmann::json::object()) const;
  // Without an agent, socket and program, unless the call names a socket.
  Answer call(const PolicyCall& call) const;
  // Both plugins, without an agent. Fails the test when one of them does.
  nlohmann::json add(const ScratchNetNs& pod, const nlohmann::json& keys = nlohmann::json::object(),
                     const std::string& container = "pod-a", int number = 5) const;
  Answer gc(const nlohmann::json& valid_attachments, const std::string& network = "testnet") const;

  std::optional<netpol::Record> record(const std::string& container = "pod-a") const;
  // What of pods' policies is on the node, in files and in the kernel; empty when nothing is.
  std::string left() const;

 private:
  TestNode topology_;
};

// What of pods' policies is in `table inet catena` there: entries of guards and of the pods' maps
// that don't end by themselves.
std::string policies_in(const ScratchNetNs& netns);

// Whether no answer comes, for many times longer than one would take.
bool is_cut_off(const ScratchNetNs& from, const std::string& address);

}  // namespace catena::test
