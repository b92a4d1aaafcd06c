// NetworkPolicies without the agent, without the API server, and across restarts.
#include <csignal>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/file.h"
#include "tests/kernel/agent/policy_node.h"
#include "tests/support/must.h"

namespace catena::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using Json = nlohmann::json;

class PolicyAway : public PolicyTest {
 protected:
  // An agent that saw the cluster as it is, and was killed.
  void let_an_agent_look() const {
    const auto agent = node_.start();
    agent->signal(SIGKILL);
  }
  std::string snapshot() const { return node_.watched.state() + "/policy/objects.json"; }
  std::string rules() const {
    return node_.scene.node.netns.sh("nft -s list table inet catena | sort");
  }
};

TEST_F(PolicyAway, WithoutAnAgentAPodGetsItsRulesFromTheSnapshotAndOneLookAtThePod) {
  node_.put_policy("access", only_enters(kFriend));
  let_an_agent_look();
  node_.put_pod(node_.client, kFriend);
  const int before = node_.watched.api().count("");
  Json answer = result_of(node_.add_once(node_.web, node_.watched.kubeconfig()));
  EXPECT_EQ(answer["known"], true) << answer;
  EXPECT_EQ(answer["ingress"], "isolated") << answer;
  EXPECT_FALSE(client_reaches_web());
  answer = result_of(node_.add_once(node_.client, node_.watched.kubeconfig()));
  EXPECT_EQ(node_.watched.api().count(""), before + 2);
  EXPECT_TRUE(client_reaches_web()) << "the look at the client tells its new label";
}

TEST_F(PolicyAway, InANamespaceWithoutPoliciesNobodyIsAsked) {
  let_an_agent_look();
  const int before = node_.watched.api().count("");
  const Json answer = result_of(node_.add_once(node_.web, node_.watched.kubeconfig()));
  EXPECT_EQ(answer["ingress"], "open") << answer;
  result_of(node_.add_once(node_.client, "none"));
  EXPECT_EQ(node_.watched.api().count(""), before);
  EXPECT_TRUE(client_reaches_web());
}

TEST_F(PolicyAway, APodThatIsInTheSnapshotNeedsNoApiServer) {
  node_.put_policy("access", only_enters(kFriend));
  node_.put_pod(node_.client, kFriend);
  let_an_agent_look();
  node_.watched.end_api();
  for (const PolicyPod* pod : {&node_.web, &node_.client}) {
    const Json answer = result_of(node_.add_once(*pod, node_.watched.kubeconfig()));
    EXPECT_EQ(answer["known"], true) << answer;
  }
  EXPECT_TRUE(client_reaches_web());
  EXPECT_FALSE(node_.passes(node_.scene.outside, node_.scene.pod_a));
}

TEST_F(PolicyAway, APodThatNobodyKnowsIsClosedUntilTheAgentComes) {
  node_.put_policy("access", only_enters(kFriend));
  node_.put_pod(node_.client, kFriend);
  node_.watched.api().objects().remove("Pod", "shop", "web");
  let_an_agent_look();
  result_of(node_.add_once(node_.client, "none"));
  const Json answer = result_of(node_.add_once(node_.web, "none"));
  EXPECT_EQ(answer["known"], false) << answer;
  EXPECT_FALSE(client_reaches_web());
  node_.put_pod(node_.web);
  const auto agent = node_.start();
  EXPECT_TRUE(client_will_reach_web(true)) << agent->log();
}

TEST_F(PolicyAway, WithoutASnapshotTheApiServerIsAskedForEverythingOnce) {
  node_.put_policy("access", only_enters(kFriend));
  node_.put_pod(node_.client, kFriend);
  result_of(node_.add_once(node_.web, node_.watched.kubeconfig()));
  const int lists = node_.watched.api().count("/networkpolicies");
  EXPECT_EQ(lists, 1);
  result_of(node_.add_once(node_.client, node_.watched.kubeconfig()));
  EXPECT_EQ(node_.watched.api().count("/networkpolicies"), lists);
  EXPECT_TRUE(client_reaches_web());
}

TEST_F(PolicyAway, WithNeitherSnapshotNorApiServerNothingIsDone) {
  const Outcome outcome = node_.add_once(node_.web, "none");
  EXPECT_EQ(outcome.exit_status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("nobody knows the cluster's policies"));
  EXPECT_FALSE(node_.passes(node_.scene.pod_a, node_.scene.outside)) << "the guard is shut";
}

TEST_F(PolicyAway, ASnapshotWithATornLineIsUsedUpToIt) {
  node_.put_policy("access", only_enters(kFriend));
  let_an_agent_look();
  std::ofstream(snapshot(), std::ios::app) << "0badcafe {\"gone\":\"policy\",\"space\":\"sh";
  Json answer = result_of(node_.add_once(node_.web, "none"));
  EXPECT_EQ(answer["ingress"], "isolated") << answer;
  // And goes on behind it.
  answer = result_of(node_.add_once(node_.client, node_.watched.kubeconfig()));
  answer = result_of(node_.add_once(node_.client, "none"));
  EXPECT_EQ(answer["known"], true) << answer;
}

TEST_F(PolicyAway, ASnapshotThatIsDamagedIsNotUsed) {
  node_.put_policy("access", only_enters(kFriend));
  let_an_agent_look();
  std::string text = must(base::read_file(snapshot(), std::size_t{1} << 20U));
  for (const std::size_t at : {text.size() / 3, text.size() / 2}) {
    std::string damaged = text;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    std::ofstream(snapshot(), std::ios::trunc) << damaged;
    const Outcome outcome = node_.add_once(node_.web, "none");
    EXPECT_NE(outcome.exit_status, 0) << outcome.out;
  }
  std::ofstream(snapshot(), std::ios::trunc) << text.substr(0, text.size() / 2);
  EXPECT_NE(node_.add_once(node_.web, "none").exit_status, 0) << "cut off in the middle";
}

TEST_F(PolicyAway, ARestartWithTheApiServerAwayChangesNoVerdict) {
  node_.put_policy("access", only_enters(kFriend));
  node_.put_pod(node_.client, kFriend);
  {
    const auto agent = node_.start();
    add_both(*agent);
  }
  const std::string before = rules();
  EXPECT_TRUE(client_reaches_web());
  node_.watched.end_api();
  const RunningAgent agent(node_.scene.node.netns, node_.watched.state(),
                           {"--api", node_.watched.kubeconfig(), "--pool", "off"});
  const Json answer = node_.add(agent, node_.web);
  EXPECT_EQ(answer["result"]["known"], true) << answer;
  EXPECT_EQ(rules(), before);
  EXPECT_TRUE(client_reaches_web());
  EXPECT_FALSE(node_.passes(node_.scene.outside, node_.scene.pod_a));
}

TEST_F(PolicyAway, NothingIsWrittenBeforeEverythingIsKnown) {
  node_.put_policy("access", only_enters(kFriend));
  node_.put_pod(node_.client, kFriend);
  {
    const auto agent = node_.start();
    add_both(*agent);
  }
  const std::string before = rules();
  ::unlink(snapshot().c_str());
  node_.watched.api().fail({.target = "/networkpolicies", .times = 1'000});
  const RunningAgent agent(node_.scene.node.netns, node_.watched.state(),
                           {"--api", node_.watched.kubeconfig(), "--pool", "off"});
  const Json answer = node_.add(agent, node_.web, "deny", 1'500);
  EXPECT_EQ(answer["error"]["kind"], "try-again") << answer;
  EXPECT_EQ(rules(), before);
  EXPECT_TRUE(client_reaches_web());
}

TEST_F(PolicyAway, WhatChangedWhileTheAgentWasAwayIsCaughtUpWith) {
  {
    const auto agent = node_.start();
    add_both(*agent);
    EXPECT_TRUE(client_reaches_web());
  }
  node_.put_policy("closed", nobody_enters());
  const auto agent = node_.start();
  EXPECT_TRUE(client_will_reach_web(false)) << agent->log();
}

TEST_F(PolicyAway, WhatChangedWhileAWatchWasBrokenIsCaughtUpWith) {
  const auto agent = node_.start();
  add_both(*agent);
  node_.watched.api().fail({.fate = Fault::Fate::kLost, .target = "watch=", .times = 3});
  node_.watched.api().expire_watches();
  node_.put_policy("closed", nobody_enters());
  EXPECT_TRUE(client_will_reach_web(false)) << agent->log();
}

TEST_F(PolicyAway, AFlushedRulesetIsWrittenAgain) {
  node_.put_policy("closed", nobody_enters());
  const auto agent = node_.start();
  add_both(*agent);
  EXPECT_FALSE(client_reaches_web());
  const std::string before = rules();
  EXPECT_THAT(before, HasSubstr("chain guard-to-pod"));
  for (int i = 0; i < 3; ++i) {
    node_.scene.node.netns.sh("nft flush ruleset");
    EXPECT_TRUE(client_will_reach_web(false)) << agent->log();
    EXPECT_TRUE(eventually([&] { return rules() == before; })) << before << rules();
  }
}

TEST_F(PolicyAway, SyncIsADutyWithAndWithoutAnAgent) {
  node_.put_policy("closed", nobody_enters());
  {
    const auto agent = node_.start();
    add_both(*agent);
    const Json answer = agent->ask({{"duty", "policy.sync"}});
    EXPECT_EQ(answer["result"]["pods"], 2) << answer;
  }
  node_.scene.node.netns.sh("nft flush ruleset");
  EXPECT_TRUE(client_reaches_web());
  const Json result = result_of(node_.call("policy.sync", Json::object(), "none"));
  EXPECT_EQ(result["policies"], 1) << result;
  EXPECT_FALSE(client_reaches_web());
}

TEST_F(PolicyAway, SwitchedOffTheAgentLeavesPoliciesAlone) {
  node_.put_policy("closed", nobody_enters());
  const auto agent = node_.watched.start({"--policy", "off"});
  EXPECT_EQ(agent->metric("catena_agent_policy_synced"), -1);
  EXPECT_EQ(node_.watched.api().count("/networkpolicies"), 0);
}

}  // namespace
}  // namespace catena::test
