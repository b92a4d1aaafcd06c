// A node whose pods are made and taken down by a built plugin, called as a runtime does.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/support/plugin_call.h"
#include "tests/support/scratch_netns.h"

namespace catena::test {

class PluginRuntime {
 public:
  PluginRuntime() = default;
  PluginRuntime(const PluginRuntime&) = delete;
  PluginRuntime& operator=(const PluginRuntime&) = delete;
  virtual ~PluginRuntime() = default;

  // The node's own, with `overrides` merged over it (null removes a key).
  nlohmann::json config(const nlohmann::json& overrides = nlohmann::json::object()) const;

  Answer call(const PluginCall& call) const { return call_plugin(site(), call); }
  // Of a pod of the namespace default that is named as its container.
  Answer try_add(const ScratchNetNs& pod, const std::string& container,
                 const nlohmann::json& overrides = nlohmann::json::object()) const;
  // The test fails when it fails.
  Answer add(const ScratchNetNs& pod, const std::string& container,
             const nlohmann::json& overrides = nlohmann::json::object()) const;
  Answer del(const std::string& netns, const std::string& container,
             const nlohmann::json& overrides = nlohmann::json::object()) const;
  // With the result of ADD as prevResult.
  Answer check(const ScratchNetNs& pod, const std::string& container, const Answer& added,
               const nlohmann::json& overrides = nlohmann::json::object()) const;
  // With these containers valid.
  Answer gc(const std::vector<std::string>& containers) const;

 protected:
  virtual PluginSite site() const = 0;
  virtual nlohmann::json plain_config() const = 0;
};

// CNI_ARGS of a pod of the namespace default, whose UID is "uid-" and its name.
std::string args_of_pod(const std::string& name);

}  // namespace catena::test
