// A node whose pods are at an API server of the test's, and an agent there that watches them.
#pragma once

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/kernel/agent/running_agent.h"
#include "tests/support/kube/api_server.h"
#include "tests/support/kube/load_objects.h"

namespace catena::test {

// shop/`name` on node-1.
inline nlohmann::json pod_of_shop(const std::string& name, const std::string& uid,
                                  const nlohmann::json& more = nlohmann::json::object()) {
  const auto containers = nlohmann::json::array({{{"name", "c"}}});
  nlohmann::json object{{"apiVersion", "v1"},
                        {"kind", "Pod"},
                        {"metadata", {{"name", name}, {"namespace", "shop"}, {"uid", uid}}},
                        {"spec", {{"nodeName", "node-1"}, {"containers", containers}}},
                        {"status", {{"phase", "Pending"}}}};
  object.merge_patch(more);
  return object;
}

inline nlohmann::json annotated(const nlohmann::json& annotations) {
  return {{"metadata", {{"annotations", annotations}}}};
}

class WatchedNode {
 public:
  // `netns` must outlive it.
  explicit WatchedNode(const ScratchNetNs& netns) : netns_(netns) {
    netns_.run([this] { api_ = std::make_unique<ApiServer>(); });
    std::ofstream(kubeconfig()) << kubeconfig_of(api_->config());
  }

  ApiServer& api() const { return *api_; }
  void end_api() { api_.reset(); }
  std::string kubeconfig() const { return dir_.path() + "/kubeconfig"; }
  std::string state() const { return dir_.path() + "/state"; }

  // Once it knows all pods.
  std::unique_ptr<RunningAgent> start(const std::vector<std::string>& more = {},
                                      const RunningAgent::Environment& environment = {}) const {
    std::vector<std::string> options{"--api",  kubeconfig(), "--node-name",
                                     "node-1", "--pool",     "off"};
    options.insert(options.end(), more.begin(), more.end());
    auto agent = std::make_unique<RunningAgent>(netns_, state(), options, environment);
    EXPECT_TRUE(eventually([&] { return agent->metric("catena_agent_api_synced") == 1; }))
        << agent->log();
    return agent;
  }

 private:
  const ScratchNetNs& netns_;
  TempDir dir_;
  std::unique_ptr<ApiServer> api_;
};

}  // namespace catena::test
