// What the agent does alike with either firewall.
#include <csignal>
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/agent/policy_node.h"
#include "tests/support/talk.h"

namespace catena::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Json = nlohmann::json;

class PolicyBackends : public PolicyTest, public testing::WithParamInterface<std::string> {
 protected:
  // The lock of the iptables commands is this test's own; one-shot calls inherit it.
  PolicyBackends() { ::setenv("XTABLES_LOCKFILE", lock().c_str(), 1); }

  bool by_nftables() const { return GetParam() == "nftables"; }
  std::string lock() const { return directory_.path() + "/xtables.lock"; }
  std::unique_ptr<RunningAgent> start() const {
    return node_.start({"--policy-backend", GetParam()}, {{"XTABLES_LOCKFILE", lock()}});
  }
  Json add_once(const PolicyPod& pod) const {
    node_.write_record(pod);
    Json args = PolicyNode::add_args(node_.record_of(pod));
    args["backend"] = GetParam();
    return result_of(node_.call("policy.add", args, "none"));
  }
  // All rules of policies that the node has.
  std::string rules() const {
    return node_.scene.node.netns.sh(
        by_nftables() ? "nft -s list table inet catena"
                      : "for i in iptables ip6tables; do $i-legacy-save -t mangle | "
                        "sed 's/ \\[.*//; /^#/d'; done");
  }
  void flush() const {
    node_.scene.node.netns.sh(by_nftables() ? "nft flush ruleset"
                                            : "iptables-legacy -t mangle -F && iptables-legacy -t "
                                              "mangle -X && ip6tables-legacy -t mangle -F && "
                                              "ip6tables-legacy -t mangle -X");
  }
  Json show(const RunningAgent& agent) const {
    return agent.ask({{"duty", "policy.show"}, {"args", {{"pod", "shop/web"}}}})["result"];
  }
  TalkEnd client() const { return {node_.scene.pod_b.netns, node_.scene.pod_b.v4}; }
  TalkEnd web() const { return {node_.scene.pod_a.netns, node_.scene.pod_a.v4}; }

 private:
  TempDir directory_;
};

TEST_P(PolicyBackends, AnAddIsAnsweredWhenTheRulesAreInPlace) {
  node_.put_policy("access", only_enters(kFriend));
  const auto agent = start();
  const Json answer = node_.add(*agent, node_.web);
  EXPECT_EQ(answer["result"]["ingress"], "isolated") << answer;
  EXPECT_TRUE(node_.add(*agent, node_.client).contains("result"));
  EXPECT_FALSE(client_reaches_web());
  EXPECT_TRUE(node_.passes(node_.scene.node, node_.scene.pod_a)) << "its own node";
  EXPECT_TRUE(node_.passes(node_.scene.pod_a, node_.scene.outside));
  EXPECT_THAT(show(*agent)["differences"], IsEmpty());
}

TEST_P(PolicyBackends, PoliciesAndLabelsThatChangeAreFollowed) {
  const auto agent = start();
  add_both(*agent);
  const Talk running(client(), web());
  EXPECT_TRUE(client_reaches_web());
  node_.put_policy("access", only_enters(kFriend));
  EXPECT_TRUE(client_will_reach_web(false)) << agent->log();
  node_.put_pod(node_.client, kFriend);
  EXPECT_TRUE(client_will_reach_web(true)) << agent->log();
  node_.put_pod(node_.client);
  EXPECT_TRUE(client_will_reach_web(false)) << agent->log();
  // Without any rule iptables would not have kept track of it before the policy came.
  EXPECT_TRUE(!by_nftables() || running.goes_on());
  node_.remove_policy("access");
  EXPECT_TRUE(client_will_reach_web(true)) << agent->log();
}

TEST_P(PolicyBackends, APodThatNobodyKnowsIsClosedUntilSomebodyDoes) {
  node_.put_policy("access", only_enters(kFriend));
  node_.put_pod(node_.client, kFriend);
  node_.watched.api().objects().remove("Pod", "shop", "web");
  const auto agent = start();
  add_both(*agent);
  EXPECT_FALSE(client_reaches_web());
  EXPECT_FALSE(node_.passes(node_.scene.pod_a, node_.scene.outside));
  node_.put_pod(node_.web);
  EXPECT_TRUE(client_will_reach_web(true)) << agent->log();
}

TEST_P(PolicyBackends, ARestartChangesNoRuleAndCutsNothing) {
  node_.put_policy("access", only_enters(kFriend));
  node_.put_pod(node_.client, kFriend);
  auto agent = start();
  add_both(*agent);
  EXPECT_TRUE(client_will_reach_web(true)) << agent->log();
  const Talk running(client(), web());
  const std::string before = rules();
  EXPECT_THAT(before, HasSubstr(by_nftables() ? "p-in-" : "CATENA-"));
  for (const bool killed : {true, false}) {
    if (killed) {
      agent->signal(SIGKILL);
    } else {
      agent->stop();
    }
    agent.reset();
    EXPECT_TRUE(running.goes_on()) << "without an agent";
    agent = start();
    EXPECT_TRUE(node_.add(*agent, node_.web).contains("result"));
    EXPECT_EQ(rules(), before);
    EXPECT_TRUE(running.goes_on());
  }
}

TEST_P(PolicyBackends, WithTheApiServerAwayARestartKeepsWhatWasKnown) {
  node_.put_policy("access", only_enters(kFriend));
  node_.put_pod(node_.client, kFriend);
  {
    const auto agent = start();
    add_both(*agent);
  }
  const std::string before = rules();
  node_.watched.end_api();
  const RunningAgent agent(
      node_.scene.node.netns, node_.watched.state(),
      {"--api", node_.watched.kubeconfig(), "--pool", "off", "--policy-backend", GetParam()},
      {{"XTABLES_LOCKFILE", lock()}});
  const Json answer = node_.add(agent, node_.web);
  EXPECT_EQ(answer["result"]["known"], true) << answer;
  EXPECT_EQ(rules(), before);
  EXPECT_TRUE(client_reaches_web());
  EXPECT_FALSE(node_.passes(node_.scene.outside, node_.scene.pod_a));
}

TEST_P(PolicyBackends, WithNeitherAgentNorApiServerAPodGetsItsRulesFromTheSnapshot) {
  node_.put_policy("access", only_enters(kFriend));
  node_.put_pod(node_.client, kFriend);
  { const auto agent = start(); }
  node_.watched.end_api();
  for (const PolicyPod* pod : {&node_.web, &node_.client}) {
    EXPECT_EQ(add_once(*pod)["known"], true);
  }
  EXPECT_TRUE(client_reaches_web());
  EXPECT_FALSE(node_.passes(node_.scene.outside, node_.scene.pod_a));
}

// nftables tells of it, so it is mended at once; iptables does not: every half a minute, with the
// next change, or when it is asked for.
TEST_P(PolicyBackends, RulesThatSomebodyFlushedAreBrought) {
  node_.put_policy("closed", nobody_enters());
  const auto agent = start();
  add_both(*agent);
  EXPECT_FALSE(client_reaches_web());
  flush();
  if (by_nftables()) {
    EXPECT_TRUE(client_will_reach_web(false)) << agent->log();
    EXPECT_THAT(rules(), HasSubstr("p-in-"));
    return;
  }
  EXPECT_THAT(show(*agent)["differences"], Not(IsEmpty()));
  EXPECT_TRUE(agent->ask({{"duty", "policy.sync"}}).contains("result"));
  EXPECT_THAT(show(*agent)["differences"], IsEmpty());
  EXPECT_FALSE(client_reaches_web());
  flush();
  node_.put_policy("access", only_enters(kFriend));
  EXPECT_TRUE(client_will_reach_web(false)) << agent->log();
}

TEST_P(PolicyBackends, APodThatIsGoneLeavesNothing) {
  node_.put_policy("closed", nobody_enters());
  const auto agent = start();
  add_both(*agent);
  EXPECT_THAT(rules(), HasSubstr(node_.record_of(node_.web).id()));
  node_.remove_record(node_.web);
  EXPECT_TRUE(eventually([&] { return agent->metric("catena_agent_policy_subjects") == 1; }));
  // nf_tables' chains go with a later change.
  EXPECT_TRUE(eventually([&] {
    return (by_nftables() ? node_.scene.node.netns.sh("nft list map inet catena in4") : rules())
               .find(by_nftables() ? "10.1.0.1 " : node_.record_of(node_.web).id()) ==
           std::string::npos;
  })) << rules();
  node_.remove_record(node_.client);
  EXPECT_TRUE(eventually([&] { return agent->metric("catena_agent_policy_subjects") == 0; }));
}

INSTANTIATE_TEST_SUITE_P(By, PolicyBackends, testing::Values("nftables", "iptables"),
                         [](const auto& tested) { return tested.param; });

}  // namespace
}  // namespace catena::test
