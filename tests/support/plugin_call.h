// Calls a built plugin as a runtime would.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/support/process.h"
#include "tests/support/scratch_netns.h"

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

// The first address of a result, without its prefix length.
std::string address_of(const Answer& added, std::size_t index = 0);
// The name of the host end.
std::string host_link_of(const Answer& added);

bool can_ping(const ScratchNetNs& from, const std::string& address);

}  // namespace catena::test
