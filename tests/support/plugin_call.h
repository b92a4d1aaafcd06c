// Calls a built plugin as a runtime would.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/support/scratch_netns.h"
#include "tests/support/test_node.h"

namespace catena::test {

struct PluginSite {
  std::string plugin;  // "catena-eni"
  const ScratchNetNs& node;
  // CNI_PATH and what a plugin reads beside what the call sets.
  std::vector<std::pair<std::string, std::string>> environment;
};
// Where no agent is, neither its socket nor its program, unless the call's wrapper says so. The
// names it must not find are below `dir`.
PluginSite site_without_agent(const std::string& plugin, const ScratchNetNs& node,
                              const std::string& dir);

// A test fails when stdout is neither empty nor JSON.
Answer call_plugin(const PluginSite& site, const PluginCall& call);

}  // namespace catena::test
