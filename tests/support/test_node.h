// A node for plugin tests: a namespace with a NIC that leads to an "outside" namespace, a state
// directory, and calls of the built plugin as a runtime would make them.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "tests/support/plugin_runtime.h"
#include "tests/support/scratch_netns.h"
#include "tests/support/temp_dir.h"

namespace catena::test {

// nic0 has 192.168.0.10/24 and fd00:c0::10/64, the outside 192.168.0.1 and fd00:c0::1, which is the
// node's default gateway and has the route to the pods' ranges 172.30.0.0/16 and fd00:30::/32.
class TestNode : public PluginRuntime {
 public:
  explicit TestNode(std::string plugin);

  ScratchNetNs node;
  ScratchNetNs outside;

  std::string state_dir() const { return dir_.path() + "/state"; }
  std::string dir() const { return dir_.path(); }

  // Links of pods, routes of ours, entries of the guard: empty when nothing is left.
  std::string leftovers() const;

 private:
  PluginSite site() const override;
  // Version 1.1.0, with this node's stateDir and 172.30.1.0/24.
  nlohmann::json plain_config() const override;

  std::string plugin_;
  TempDir dir_;
};

}  // namespace catena::test
