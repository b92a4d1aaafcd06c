// aliyun/eni in the node's status, for nodes without the device plugin.
#include <csignal>
#include <fstream>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/agent/running_agent.h"
#include "tests/kernel/agent/sim_nodes.h"
#include "tests/support/kube/api_server.h"
#include "tests/support/kube/load_objects.h"
#include "tests/support/paths.h"

namespace catena::test {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr const char* kEni = "aliyun/eni";

class NodeCapacity : public testing::Test {
 protected:
  NodeCapacity() {
    sim_.netns(1).run([this] { api_ = std::make_unique<ApiServer>(); });
    std::ofstream(kubeconfig()) << kubeconfig_of(api_->config());
    api_->objects().put({{"apiVersion", "v1"},
                         {"kind", "Node"},
                         {"metadata", {{"name", "node-1"}}},
                         {"status",
                          {{"capacity", {{"cpu", "4"}, {"pods", "110"}}},
                           {"allocatable", {{"cpu", "4"}, {"pods", "110"}}}}}});
  }
  std::string kubeconfig() const { return dir_.path() + "/kubeconfig"; }
  std::string eni_conf() const { return dir_.path() + "/eni.json"; }
  void write_conf(bool disabled) const {
    std::ofstream(eni_conf()) << json{{"version", "1"}, {"disable_device_plugin", disabled}}.dump();
  }
  json status() const {
    return api_->objects().get(*find_kind_by_name("v1", "Node"), "", "node-1").body.at("status");
  }
  // Of capacity and allocatable; null where they have none, or differ.
  json offered() const {
    const json now = status();
    const json capacity = now.at("capacity").value(kEni, json());
    return capacity == now.at("allocatable").value(kEni, json()) ? capacity : json();
  }
  Outcome call(const std::string& args, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words{"node.capacity", "--args",      args,    "--api",
                                   kubeconfig(),    "--node-name", "node-1"};
    words.insert(words.end(), more.begin(), more.end());
    return sim_.agent(1, words);
  }
  int patches() const {
    int count = 0;
    for (const SeenRequest& request : api_->requests()) {
      count += request.method == "PATCH" ? 1 : 0;
    }
    return count;
  }

  SimNodes sim_;
  TempDir dir_;
  std::unique_ptr<ApiServer> api_;
};

TEST_F(NodeCapacity, OneCallSetsItAnotherTakesItAway) {
  EXPECT_EQ(call(R"({"capacity":3})").exit_status, 0);
  EXPECT_EQ(offered(), "3");
  EXPECT_EQ(status().at("capacity").at("cpu"), "4") << "nothing else is touched";
  EXPECT_EQ(patches(), 1);

  const Outcome again = call(R"({"capacity":3})");
  EXPECT_EQ(json::parse(again.out).at("patched"), false) << again.err;
  EXPECT_EQ(patches(), 1);

  EXPECT_EQ(call(R"({"capacity":0})").exit_status, 0);
  EXPECT_EQ(offered(), "0");
  EXPECT_EQ(call(R"({"withdraw":true})").exit_status, 0);
  EXPECT_FALSE(status().at("capacity").contains(kEni));
  EXPECT_FALSE(status().at("allocatable").contains(kEni));
  EXPECT_EQ(call(R"({"withdraw":true})").exit_status, 0);
  EXPECT_EQ(patches(), 3);
}

TEST_F(NodeCapacity, WhatCanNotBeDoneIsSaid) {
  for (const char* args : {"{}", R"({"capacity":1,"withdraw":true})", R"({"capacity":-1})"}) {
    EXPECT_EQ(call(args).exit_status, 2) << args;
  }
  const Outcome unknown = sim_.agent(1, {"node.capacity", "--args", R"({"capacity":1})", "--api",
                                         kubeconfig(), "--node-name", "node-9"});
  EXPECT_EQ(unknown.exit_status, 1);
  EXPECT_THAT(unknown.err, HasSubstr("node-9"));
  Fault forbidden;
  forbidden.method = "PATCH";
  forbidden.status = 403;
  forbidden.reason = "Forbidden";
  api_->fail(forbidden);
  const Outcome refused = call(R"({"capacity":1})");
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_THAT(refused.err, HasSubstr("Forbidden"));
  EXPECT_EQ(offered(), json());
}

TEST_F(NodeCapacity, TheDaemonKeepsTheStatusAsTheCloudAndEniConfSay) {
  write_conf(false);
  RunningAgent agent(sim_.netns(1), sim_.state_dir(1),
                     {"--eni-conf", eni_conf(), "--pool", "off", "--api", kubeconfig(),
                      "--node-name", "node-1", "--advertise-eni", "status"},
                     sim_.environment());
  ASSERT_TRUE(eventually([&] { return offered().is_string(); }, seconds(60))) << agent.log();
  const json said = agent.ask({{"duty", "eni.capacity"}});
  EXPECT_EQ(offered(), std::to_string(said.at("result").at("capacity").get<int>())) << said;
  EXPECT_NE(offered(), "0");

  write_conf(true);
  agent.signal(SIGHUP);
  EXPECT_TRUE(eventually([&] { return !status().at("capacity").contains(kEni); }, seconds(60)))
      << agent.log();
  write_conf(false);
  agent.signal(SIGHUP);
  EXPECT_TRUE(eventually([&] { return offered().is_string(); }, seconds(60))) << agent.log();
}

TEST_F(NodeCapacity, TheDaemonRefusesToAdvertiseWithoutAnApiServer) {
  const Outcome outcome =
      run_process({bin_dir() + "/catena-agent", "run", "--advertise-eni", "status"});
  EXPECT_EQ(outcome.exit_status, 2);
  EXPECT_THAT(outcome.err, HasSubstr("--advertise-eni status needs --api"));
}

}  // namespace
}  // namespace catena::test
