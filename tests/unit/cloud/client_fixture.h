// The fixture of the client's tests.
#pragma once

#include <chrono>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/cloud/client.h"
#include "tests/unit/cloud/scripted_cloud.h"

namespace catena::cloud {

inline constexpr std::string_view kBody = R"({"RequestId":"R-1"})";

class ClientTest : public testing::Test {
 protected:
  base::Result<nlohmann::json> describe(const CallOptions& options = {}) {
    return cloud_.client.call(Product::kEcs, "DescribeInstances", {{"RegionId", "x"}}, options);
  }
  // A call that changes something; a token makes it safe to repeat.
  base::Result<nlohmann::json> change(const std::string& token = "",
                                      std::chrono::seconds budget = std::chrono::seconds(60)) {
    CallOptions options;
    options.client_token = token;
    options.budget = budget;
    return cloud_.client.call(Product::kEcs, "AttachNetworkInterface", {}, options);
  }
  ScriptedTransport& transport() { return cloud_.transport; }

  Cloud cloud_;
};

}  // namespace catena::cloud
