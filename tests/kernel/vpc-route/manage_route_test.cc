// The plugin's side of manageRoute; what the agent does is tested in tests/unit/agent and against
// the simulated cloud.
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/paths.h"
#include "tests/support/test_node.h"

namespace catena::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr char kPlugin[] = "catena-vpc-route";

class ManageRoute : public testing::Test {
 protected:
  // ADD with the agent doing what `order` says.
  Answer add(const ScratchNetNs& pod, const std::string& container, const json& keys,
             const std::string& order = "ok") const {
    return call("ADD", pod.path(), container, node_.config(keys), order);
  }
  Answer call(const std::string& command, const std::string& netns, const std::string& container,
              const json& config, const std::string& order = "ok") const {
    return node_.call(
        {.command = command,
         .container_id = container,
         .netns = netns,
         .config = config,
         .wrapper = {"/usr/bin/env", "CNI_PATH=" + agent_dir(), "FAKE_AGENT=" + order}});
  }
  static std::string agent_dir() { return bin_dir() + "/../tests/fake-agent"; }
  std::vector<std::string> agent_calls() const {
    std::ifstream in(node_.dir() + "/agent-calls");
    std::vector<std::string> calls;
    for (std::string line; std::getline(in, line);) {
      calls.push_back(line);
    }
    return calls;
  }

  TestNode node_{kPlugin};
};

TEST_F(ManageRoute, TheFirstAddMakesSureOfTheEntryAndLaterOnesSkipIt) {
  const json keys = {{"manageRoute", true}, {"podCIDRs", {"172.30.1.0/24", "fd00:30:1::/64"}}};
  const ScratchNetNs first;
  const ScratchNetNs second;
  ASSERT_TRUE(add(first, "pod-a", keys).ok());
  ASSERT_TRUE(add(second, "pod-b", keys).ok());
  const auto calls = agent_calls();
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_THAT(calls[0], HasSubstr("call route.ensure --state-dir " + node_.state_dir()));
  EXPECT_THAT(calls[0], HasSubstr("--cidr 172.30.1.0/24 --cidr fd00:30:1::/64"));
}

TEST_F(ManageRoute, IsOffByDefault) {
  const ScratchNetNs pod;
  ASSERT_TRUE(add(pod, "pod-a", json::object()).ok());
  EXPECT_TRUE(agent_calls().empty());
}

TEST_F(ManageRoute, TheTableAndEniConfAreHandedOn) {
  const ScratchNetNs pod;
  const json keys = {{"manageRoute", {{"eniConf", "/etc/x.json"}, {"routeTableId", "vtb-7"}}}};
  ASSERT_TRUE(add(pod, "pod-a", keys).ok());
  ASSERT_EQ(agent_calls().size(), 1U);
  EXPECT_THAT(agent_calls()[0], HasSubstr("--eni-conf /etc/x.json --table vtb-7"));
}

TEST_F(ManageRoute, ThirtyPodsAtOnceMakeOneCall) {
  std::vector<std::unique_ptr<ScratchNetNs>> pods;
  std::vector<std::future<Answer>> answers;
  pods.reserve(30);
  for (int i = 0; i < 30; ++i) {
    pods.push_back(std::make_unique<ScratchNetNs>());
  }
  for (std::size_t i = 0; i < pods.size(); ++i) {
    answers.push_back(std::async(std::launch::async, [this, &pods, i] {
      return add(*pods[i], "pod-" + std::to_string(i), {{"manageRoute", true}});
    }));
  }
  for (auto& answer : answers) {
    const Answer added = answer.get();
    EXPECT_TRUE(added.ok()) << added.process.out;
  }
  EXPECT_EQ(agent_calls().size(), 1U);
}

TEST_F(ManageRoute, AFailureIsCode11WithWhatTheCloudSaidAndLeavesNothing) {
  const ScratchNetNs pod;
  const std::string said =
      "route.ensure: CreateRouteEntry: QuotaExceeded (request 1-2-3); ask for a larger quota";
  const Answer failed = add(pod, "pod-a", {{"manageRoute", true}}, said);
  EXPECT_FALSE(failed.ok());
  EXPECT_EQ(failed.code(), 11);
  EXPECT_THAT(failed.message(), HasSubstr(said));
  EXPECT_EQ(node_.leftovers(), "");
  EXPECT_TRUE(add(pod, "pod-a", {{"manageRoute", true}}).ok()) << "the next try succeeds";
}

TEST_F(ManageRoute, WithoutAnAgentItSaysWhereItLooked) {
  const ScratchNetNs pod;
  const Answer failed = node_.call({.command = "ADD",
                                    .container_id = "pod-a",
                                    .netns = pod.path(),
                                    .config = node_.config({{"manageRoute", true}}),
                                    .wrapper = {"/usr/bin/env", "CNI_PATH=/nowhere"}});
  EXPECT_EQ(failed.code(), 11);
  EXPECT_THAT(failed.message(), HasSubstr("catena-agent is in none of /nowhere, /opt/cni/bin"));
}

TEST_F(ManageRoute, CheckReportsAnEntryThatNobodyMadeSureOf) {
  const ScratchNetNs pod;
  const Answer added = add(pod, "pod-a", json::object());
  ASSERT_TRUE(added.ok());
  json config = node_.config({{"manageRoute", true}});
  config["prevResult"] = added.json;
  const Answer found = call("CHECK", pod.path(), "pod-a", config);
  EXPECT_EQ(found.code(), 100);
  EXPECT_THAT(found.message(), HasSubstr("the VPC route entry for 172.30.1.0/24"));
  EXPECT_TRUE(agent_calls().empty()) << "CHECK changes nothing";
}

TEST_F(ManageRoute, DelNeedsNoAgent) {
  const ScratchNetNs pod;
  ASSERT_TRUE(add(pod, "pod-a", {{"manageRoute", true}}).ok());
  const Answer deleted =
      call("DEL", pod.path(), "pod-a", node_.config({{"manageRoute", true}}), "DEL must not ask");
  EXPECT_TRUE(deleted.ok());
  EXPECT_EQ(agent_calls().size(), 1U);
}

TEST_F(ManageRoute, AnUnknownKeyInItIsRefusedByItsPath) {
  const ScratchNetNs pod;
  const Answer failed = add(pod, "pod-a", {{"manageRoute", {{"routeTableID", "vtb-7"}}}});
  EXPECT_EQ(failed.code(), 7);
  EXPECT_THAT(failed.message(), HasSubstr("manageRoute.routeTableID"));
  EXPECT_THAT(failed.json.value("details", ""), HasSubstr("manageRoute.routeTableId"));
  EXPECT_EQ(add(pod, "pod-a", {{"manageRoute", "yes"}}).code(), 7);
}

}  // namespace
}  // namespace catena::test
