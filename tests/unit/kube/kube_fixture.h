// What tests against the API server share.
#pragma once

#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/kube/client.h"
#include "tests/support/kube/api_server.h"

namespace catena::kube {

using Json = nlohmann::json;
using Millis = std::chrono::milliseconds;

inline Json pod(const std::string& name, const std::string& node = "worker-1",
                const std::string& app = "web") {
  return Json{{"apiVersion", "v1"},
              {"kind", "Pod"},
              {"metadata",
               {{"name", name},
                {"namespace", "default"},
                {"labels", {{"app", app}}},
                {"managedFields", {{{"manager", "kubelet"}}}}}},
              {"spec", {{"nodeName", node}}},
              {"status", {{"phase", "Running"}}}};
}

inline Json node(const std::string& name) {
  return Json{{"apiVersion", "v1"}, {"kind", "Node"}, {"metadata", {{"name", name}}}};
}

// Tries again soon, so that a test does not wait.
inline ClientOptions quick() {
  ClientOptions options;
  options.backoff = {Millis(5), Millis(20)};
  return options;
}

inline void write_file(const std::string& path, const std::string& text) {
  std::ofstream(path + ".new") << text;
  ASSERT_EQ(std::rename((path + ".new").c_str(), path.c_str()), 0);
}

}  // namespace catena::kube
