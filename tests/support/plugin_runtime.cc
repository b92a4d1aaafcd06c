#include "tests/support/plugin_runtime.h"

#include <gtest/gtest.h>

namespace catena::test {

using nlohmann::json;

std::string args_of_pod(const std::string& name) {
  return "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=" + name + ";K8S_POD_UID=uid-" +
         name;
}

json PluginRuntime::config(const json& overrides) const {
  json config = plain_config();
  config.merge_patch(overrides);
  return config;
}

Answer PluginRuntime::try_add(const ScratchNetNs& pod, const std::string& container,
                              const json& overrides) const {
  return call({.command = "ADD",
               .container_id = container,
               .netns = pod.path(),
               .args = args_of_pod(container),
               .config = config(overrides)});
}

Answer PluginRuntime::add(const ScratchNetNs& pod, const std::string& container,
                          const json& overrides) const {
  Answer added = try_add(pod, container, overrides);
  EXPECT_TRUE(added.ok()) << added.process.out << added.process.err;
  return added;
}

Answer PluginRuntime::del(const std::string& netns, const std::string& container,
                          const json& overrides) const {
  return call(
      {.command = "DEL", .container_id = container, .netns = netns, .config = config(overrides)});
}

Answer PluginRuntime::check(const ScratchNetNs& pod, const std::string& container,
                            const Answer& added, const json& overrides) const {
  json configuration = config(overrides);
  configuration["prevResult"] = added.json;
  return call({.command = "CHECK",
               .container_id = container,
               .netns = pod.path(),
               .config = configuration});
}

Answer PluginRuntime::gc(const std::vector<std::string>& containers) const {
  json configuration = config();
  configuration["cni.dev/valid-attachments"] = json::array();
  for (const std::string& container : containers) {
    configuration["cni.dev/valid-attachments"].push_back(
        {{"containerID", container}, {"ifname", "eth0"}});
  }
  return call({.command = "GC", .container_id = "", .if_name = "", .config = configuration});
}

}  // namespace catena::test
