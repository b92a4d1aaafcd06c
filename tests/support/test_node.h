// A node for plugin tests: a namespace with a NIC that leads to an "outside" namespace, a state
// directory, and calls of the built plugin as a runtime would make them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/support/process.h"
#include "tests/support/scratch_netns.h"
#include "tests/support/temp_dir.h"

namespace catena::test {

struct PluginCall {
  std::string command;
  std::string container_id = "pod-a";
  std::string if_name = "eth0";
  std::string netns;
  std::string args;
  nlohmann::json config;
  std::string raw_input;  // instead of config, when not empty
  // Put before the plugin: {"strace", ...}.
  std::vector<std::string> wrapper;
};

struct Answer {
  Outcome process;
  // stdout as JSON; null when it is empty. A test fails when it is neither.
  nlohmann::json json;
  bool ok() const { return process.exit_status == 0; }
  int code() const { return json.value("code", -1); }
  std::string message() const { return json.value("msg", std::string()); }
};

// nic0 has 192.168.0.10/24 and fd00:c0::10/64, the outside 192.168.0.1 and fd00:c0::1, which is the
// node's default gateway and has the route to the pods' ranges 172.30.0.0/16 and fd00:30::/32.
class TestNode {
 public:
  explicit TestNode(std::string plugin);

  ScratchNetNs node;
  ScratchNetNs outside;

  std::string state_dir() const { return dir_.path() + "/state"; }
  std::string dir() const { return dir_.path(); }

  // A configuration with this node's stateDir, version 1.1.0 and 172.30.1.0/24; `overrides` are
  // merged over it (null removes a key).
  nlohmann::json config(const nlohmann::json& overrides = nlohmann::json::object()) const;

  Answer call(const PluginCall& call) const;
  Answer add(const ScratchNetNs& pod, const std::string& container_id,
             const nlohmann::json& overrides = nlohmann::json::object()) const;
  Answer del(const std::string& netns, const std::string& container_id,
             const nlohmann::json& overrides = nlohmann::json::object()) const;
  // With the result of ADD as prevResult, as a runtime does.
  Answer check(const ScratchNetNs& pod, const std::string& container_id, const Answer& added,
               const nlohmann::json& overrides = nlohmann::json::object()) const;

  // Links of pods, routes of ours, entries of the guard: empty when nothing is left.
  std::string leftovers() const;

 private:
  std::string plugin_;
  TempDir dir_;
};

// The first address of a result, without its prefix length.
std::string address_of(const Answer& added, std::size_t index = 0);
// The name of the host end.
std::string host_link_of(const Answer& added);

bool can_ping(const ScratchNetNs& from, const std::string& address);

}  // namespace catena::test
