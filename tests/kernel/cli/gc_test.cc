// catena gc asks the agent and prints what it says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/cli/catena_call.h"
#include "tests/support/agent/one_answer.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_node.h"

namespace catena::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

struct Asked {
  Outcome outcome;
  std::string request;
};

Asked gc_with(const std::vector<std::string>& words, const json& answer) {
  const TempDir dir;
  const ScratchNetNs node;
  const std::string socket = dir.path() + "/agent.sock";
  OneAnswer agent(socket, answer.dump());
  Asked asked;
  asked.outcome = catena_on(node, {words, dir.path(), {{"CATENA_SOCKET", socket}}});
  asked.request = agent.asked();
  return asked;
}

TEST(Gc, NamesWhatTheAgentRemoved) {
  const json link{{"kind", "link"}, {"what", "ctnabc"}, {"why", "its pod is gone"}};
  const Asked asked = gc_with(
      {"gc"}, {{"result", {{"dryRun", false}, {"garbage", {link}}, {"doubtful", json::array()}}}});
  EXPECT_EQ(asked.outcome.exit_status, 0) << asked.outcome.err;
  EXPECT_EQ(asked.outcome.out,
            "doubtful: nothing\ndryRun: false\ngarbage: link ctnabc: its pod is gone\n");
  const json request = json::parse(asked.request);
  EXPECT_EQ(request["duty"], "gc");
  EXPECT_EQ(request["args"], json({{"dryRun", false}}));
}

TEST(Gc, ADryRunIsAskedForAndPrintedAsJson) {
  const json result{{"dryRun", true}, {"links", {"ctnabc"}}};
  const Asked asked = gc_with({"gc", "--dry-run", "--json"}, {{"result", result}});
  EXPECT_EQ(json::parse(asked.outcome.out), result);
  EXPECT_EQ(json::parse(asked.request)["args"], json({{"dryRun", true}}));
}

TEST(Gc, WhereNoAgentAnswersTheOneShotDoesItAndSparesTheLiving) {
  const TestNode node("catena-vpc-route");
  const ScratchNetNs pod;
  const std::string address = address_of(node.add(pod, "pod-a"));
  const json result = catena_json(node.node, {{"gc"}, node.state_dir(), {}});
  EXPECT_EQ(result["dryRun"], false);
  EXPECT_EQ(result["garbage"], json::array());
  EXPECT_TRUE(can_ping(node.node, address));
}

TEST(Gc, WhatTheAgentRefusesIsSaidWithItsAdvice) {
  const Asked asked = gc_with({"gc"}, {{"error",
                                        {{"kind", "try-again"},
                                         {"text", "the store is locked by pid 7"},
                                         {"advice", "wait for it"}}}});
  EXPECT_EQ(asked.outcome.exit_status, 1);
  EXPECT_EQ(asked.outcome.out, "");
  EXPECT_THAT(asked.outcome.err, HasSubstr("the store is locked by pid 7"));
  EXPECT_THAT(asked.outcome.err, HasSubstr("wait for it"));
}

}  // namespace
}  // namespace catena::test
