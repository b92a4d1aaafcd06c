// NetworkPolicies of running pods and of pods that start: at a real API server's word, tried with
// real packets.
#include <chrono>
#include <filesystem>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/agent/policy_node.h"
#include "tests/support/must.h"

namespace catena::test {
namespace {

using testing::HasSubstr;
using Json = nlohmann::json;

class Policy : public PolicyTest {
 protected:
  // Another one in the place of web, whose id is before web's or behind it.
  PolicyPod old_pod(bool is_first) const {
    PolicyPod pod{node_.scene.pod_a, "old", "u-old"};
    while ((node_.record_of(pod).id() < node_.record_of(node_.web).id()) != is_first) {
      pod.uid += "+";
    }
    return pod;
  }
};

TEST_F(Policy, APodsRulesAreInPlaceWhenItsAddIsAnswered) {
  node_.put_policy("closed", nobody_enters());
  const auto agent = node_.start();
  EXPECT_FALSE(client_reaches_web()) << "the guard is shut";
  const Json answer = node_.add(*agent, node_.web);
  EXPECT_EQ(answer["result"]["known"], true) << answer;
  EXPECT_EQ(answer["result"]["ingress"], "isolated") << answer;
  EXPECT_EQ(answer["result"]["egress"], "open") << answer;
  EXPECT_EQ(answer["result"]["policies"], 1) << answer;
  EXPECT_TRUE(node_.add(*agent, node_.client).contains("result"));
  EXPECT_FALSE(client_reaches_web());
  EXPECT_TRUE(node_.passes(node_.scene.pod_a, node_.scene.outside));
  EXPECT_FALSE(node_.passes(node_.scene.outside, node_.scene.pod_a));
  EXPECT_TRUE(node_.passes(node_.scene.node, node_.scene.pod_a)) << "its own node";
}

TEST_F(Policy, WithoutAPolicyAPodIsOpen) {
  const auto agent = node_.start();
  const Json answer = node_.add(*agent, node_.web);
  EXPECT_EQ(answer["result"]["ingress"], "open") << answer;
  EXPECT_EQ(answer["result"]["policies"], 0) << answer;
  EXPECT_TRUE(node_.add(*agent, node_.client).contains("result"));
  EXPECT_TRUE(client_reaches_web());
}

// The example of the README's page on NetworkPolicy.
TEST_F(Policy, OnlyAPodWithTheLabelEntersAsSoonAsItHasIt) {
  const auto agent = node_.start();
  add_both(*agent);
  EXPECT_TRUE(client_reaches_web());
  node_.put_policy("access", only_enters(kFriend));
  EXPECT_TRUE(client_will_reach_web(false)) << agent->log();
  node_.put_pod(node_.client, kFriend);
  EXPECT_TRUE(client_will_reach_web(true)) << agent->log();
  node_.put_pod(node_.client);
  EXPECT_TRUE(client_will_reach_web(false)) << agent->log();
  node_.remove_policy("access");
  EXPECT_TRUE(client_will_reach_web(true)) << agent->log();
  EXPECT_GT(agent->metric("catena_agent_policy_latency_seconds_count"), 3);
}

TEST_F(Policy, APodThatNobodyKnowsIsClosedUntilSomebodyDoes) {
  node_.put_policy("access", only_enters(kFriend));
  node_.put_pod(node_.client, kFriend);
  node_.watched.api().objects().remove("Pod", "shop", "web");
  const auto agent = node_.start();
  add_both(*agent);
  EXPECT_FALSE(client_reaches_web());
  const Json again = node_.add(*agent, node_.web);
  EXPECT_EQ(again["result"]["known"], false) << again;
  EXPECT_EQ(again["result"]["egress"], "isolated") << again;
  node_.put_pod(node_.web);
  EXPECT_TRUE(client_will_reach_web(true)) << agent->log();
}

TEST_F(Policy, APodThatNobodyKnowsIsOpenWhereOnUnknownSaysSo) {
  node_.put_policy("closed", nobody_enters());
  node_.watched.api().objects().remove("Pod", "shop", "web");
  const auto agent = node_.start();
  EXPECT_TRUE(node_.add(*agent, node_.client, "allow").contains("result"));
  const Json answer = node_.add(*agent, node_.web, "allow");
  EXPECT_EQ(answer["result"]["known"], false) << answer;
  EXPECT_EQ(answer["result"]["ingress"], "open") << answer;
  EXPECT_TRUE(client_reaches_web());
  node_.put_pod(node_.web);
  EXPECT_TRUE(client_will_reach_web(false)) << agent->log();
}

TEST_F(Policy, AnotherPodOfTheSameNameIsNotTheOneThatStarts) {
  node_.put_policy("access", only_enters(kFriend));
  node_.put_pod(node_.client, kFriend);
  const PolicyPod earlier{node_.scene.pod_a, "web", "u-earlier"};
  node_.watched.api().objects().remove("Pod", "shop", "web");
  node_.put_pod(earlier);
  const auto agent = node_.start();
  add_both(*agent);
  EXPECT_FALSE(client_reaches_web());
  node_.watched.api().objects().remove("Pod", "shop", "web");
  node_.put_pod(node_.web);
  EXPECT_TRUE(client_will_reach_web(true)) << agent->log();
}

TEST_F(Policy, WhenItsRecordGoesAPodIsForgotten) {
  node_.put_policy("closed", nobody_enters());
  const auto agent = node_.start();
  add_both(*agent);
  EXPECT_EQ(agent->metric("catena_agent_policy_subjects"), 2);
  node_.remove_record(node_.web);
  EXPECT_TRUE(eventually([&] { return agent->metric("catena_agent_policy_subjects") == 1; }));
  EXPECT_TRUE(eventually([&] {
    return node_.scene.node.netns.sh("nft list map inet catena in4 2>&1 || true")
               .find("10.1.0.1") == std::string::npos;
  }));
}

TEST_F(Policy, WhenTheFolderOfRecordsWasTakenAwayThoseOfTheNextOneAreFollowed) {
  const auto agent = node_.start();
  add_both(*agent);
  std::filesystem::remove_all(node_.records().directory());
  EXPECT_TRUE(eventually([&] { return agent->metric("catena_agent_policy_subjects") == 0; }));
  add_both(*agent);
  EXPECT_EQ(agent->metric("catena_agent_policy_subjects"), 2);
  node_.remove_record(node_.web);
  EXPECT_TRUE(eventually([&] { return agent->metric("catena_agent_policy_subjects") == 1; }));
}

// The old one's DEL has not come yet. Rules are in order of ids.
TEST_F(Policy, OfTwoPodsWithOneAddressTheOneThatWasAddedLastHasIt) {
  Json of_old = nobody_enters();
  of_old["podSelector"] = {{"matchLabels", {{"name", "old"}}}};
  of_old["ingress"] = Json::array({Json::object()});
  node_.put_policy("open", of_old);
  Json of_web = nobody_enters();
  of_web["podSelector"] = {{"matchLabels", {{"name", "web"}}}};
  node_.put_policy("closed", of_web);
  for (const bool first : {true, false}) {
    const PolicyPod old = old_pod(first);
    const std::string& uid = old.uid;
    node_.watched.api().objects().remove("Pod", "shop", "old");
    node_.put_pod(old);
    auto agent = node_.start();
    EXPECT_TRUE(node_.add(*agent, node_.client).contains("result"));
    EXPECT_TRUE(node_.add(*agent, old).contains("result"));
    EXPECT_TRUE(client_reaches_web()) << "the old pod";
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // as coarse as files' times are
    EXPECT_TRUE(node_.add(*agent, node_.web).contains("result"));
    EXPECT_FALSE(client_reaches_web()) << uid;
    EXPECT_TRUE(agent->ask({{"duty", "policy.sync"}}).contains("result"));
    EXPECT_FALSE(client_reaches_web()) << uid;
    agent.reset();
    agent = node_.start();
    EXPECT_TRUE(agent->ask({{"duty", "policy.sync"}}).contains("result"));
    EXPECT_FALSE(client_reaches_web()) << uid << " after a restart";
    node_.remove_record(old);
    EXPECT_TRUE(eventually([&] { return agent->metric("catena_agent_policy_subjects") == 2; }));
    EXPECT_FALSE(client_reaches_web()) << uid << " when the old one is gone";
    node_.remove_record(node_.web);
    EXPECT_TRUE(eventually([&] { return agent->metric("catena_agent_policy_subjects") == 1; }));
  }
}

TEST_F(Policy, AnAddThatComesBehindItsDelIsRefused) {
  const auto agent = node_.start();
  const netpol::Record record = node_.record_of(node_.web);
  const Json answer = agent->ask({{"duty", "policy.add"}, {"args", PolicyNode::add_args(record)}});
  EXPECT_EQ(answer["error"]["kind"], "not-found") << answer;
  EXPECT_EQ(agent->metric("catena_agent_policy_subjects"), 0);
}

TEST_F(Policy, BadArgumentsAreRefused) {
  const auto agent = node_.start();
  const Json answer = agent->ask({{"duty", "policy.add"}, {"args", {{"ifname", "eth0"}}}});
  EXPECT_TRUE(answer.contains("error")) << answer;
  const Json unknown =
      agent->ask({{"duty", "policy.add"},
                  {"args", PolicyNode::add_args(node_.record_of(node_.web), "perhaps")}});
  EXPECT_THAT(unknown["error"]["text"].dump(), HasSubstr("onUnknown")) << unknown;
}

TEST_F(Policy, APodWithANicOfItsOwnHasItsRulesInside) {
  node_.put_policy("access", only_enters(kFriend));
  node_.web.own_nic = true;
  // Nothing on the node guards it.
  node_.scene.at_node([this](firewall::Table& table) {
    must(table.enter(firewall::test::Scene::entries_of(node_.scene.pod_a)));
  });
  const auto agent = node_.start();
  add_both(*agent);
  EXPECT_FALSE(client_reaches_web()) << agent->log();
  EXPECT_TRUE(node_.scene.pod_a.netns.sh_ok("nft list table inet catena | grep -q drop"));
  node_.put_pod(node_.client, kFriend);
  EXPECT_TRUE(client_will_reach_web(true)) << agent->log();
}

}  // namespace
}  // namespace catena::test
