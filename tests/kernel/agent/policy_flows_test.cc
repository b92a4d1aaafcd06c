// Connections that run while policies change.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/agent/policy_node.h"
#include "tests/support/must.h"
#include "tests/support/paths.h"
#include "tests/support/probe.h"
#include "tests/support/talk.h"

namespace catena::test {
namespace {

using firewall::test::Place;
using testing::HasSubstr;
using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

TalkEnd v4(const Place& place) { return {place.netns, place.v4}; }
TalkEnd v6(const Place& place) { return {place.netns, place.v6}; }

class PolicyFlows : public PolicyTest {
 protected:
  static constexpr const char* kCut = "catena_agent_policy_revoked_total";

  // Between the client and web, begun by the client.
  std::vector<std::unique_ptr<Talk>> talks() const {
    const Place& client = node_.scene.pod_b;
    const Place& web = node_.scene.pod_a;
    std::vector<std::unique_ptr<Talk>> made;
    for (const bool tcp : {true, false}) {
      made.push_back(std::make_unique<Talk>(v4(client), v4(web), tcp));
      made.push_back(std::make_unique<Talk>(v6(client), v6(web), tcp));
    }
    return made;
  }
};

TEST_F(PolicyFlows, ThatAPolicyComesToForbidGoOn) {
  const auto agent = node_.start();
  add_both(*agent);
  const auto running = talks();
  node_.put_policy("closed", nobody_enters());
  EXPECT_TRUE(client_will_reach_web(false)) << agent->log();
  for (const auto& talk : running) {
    EXPECT_TRUE(talk->goes_on());
  }
  EXPECT_EQ(agent->metric(kCut), 0);
}

TEST_F(PolicyFlows, AreCutInBothDirectionsWhereThatIsWanted) {
  const auto agent = node_.start({"--policy-revoke", "on"});
  add_both(*agent);
  const auto running = talks();
  // Probes of kubelet, what web began itself, and what has nothing to do with web.
  const Talk probe(v4(node_.scene.node), v4(node_.scene.pod_a));
  const Talk outwards(v4(node_.scene.pod_a), v4(node_.scene.outside));
  const Talk of_others(v4(node_.scene.pod_b), v4(node_.scene.outside));
  node_.put_policy("closed", nobody_enters());
  EXPECT_TRUE(client_will_reach_web(false)) << agent->log();
  EXPECT_TRUE(eventually([&] { return agent->metric(kCut) >= 4; })) << agent->log();
  for (const auto& talk : running) {
    EXPECT_TRUE(talk->is_cut());
  }
  EXPECT_TRUE(probe.goes_on());
  EXPECT_TRUE(outwards.goes_on());
  EXPECT_TRUE(of_others.goes_on());
  // What is allowed again begins anew.
  node_.remove_policy("closed");
  EXPECT_TRUE(client_will_reach_web(true)) << agent->log();
  EXPECT_TRUE(running.front()->is_cut());
}

TEST_F(PolicyFlows, ThatThePolicyAllowsAreNotCut) {
  const auto agent = node_.start({"--policy-revoke", "on"});
  node_.put_pod(node_.client, kFriend);
  add_both(*agent);
  const auto running = talks();
  const Talk from_outside(v4(node_.scene.outside), v4(node_.scene.pod_a));
  node_.put_policy("access", only_enters(kFriend));
  EXPECT_TRUE(eventually([&] { return agent->metric(kCut) >= 1; })) << agent->log();
  EXPECT_TRUE(from_outside.is_cut());
  for (const auto& talk : running) {
    EXPECT_TRUE(talk->goes_on());
  }
  // A label that goes is a change too.
  node_.put_pod(node_.client);
  EXPECT_TRUE(eventually([&] { return agent->metric(kCut) >= 5; })) << agent->log();
  for (const auto& talk : running) {
    EXPECT_TRUE(talk->is_cut());
  }
}

TEST_F(PolicyFlows, ThatAPodBeganAreCutToo) {
  const auto agent = node_.start({"--policy-revoke", "on"});
  add_both(*agent);
  const Talk outwards(v6(node_.scene.pod_a), v6(node_.scene.outside));
  const Talk to_node(v4(node_.scene.pod_a), v4(node_.scene.node));
  node_.put_policy("out", {{"podSelector", Json::object()}, {"policyTypes", {"Egress"}}});
  EXPECT_TRUE(eventually([&] { return agent->metric(kCut) >= 2; })) << agent->log();
  EXPECT_TRUE(outwards.is_cut());
  EXPECT_TRUE(to_node.is_cut());
}

TEST_F(PolicyFlows, ThatCameByAServiceAreJudgedByThePodBehindIt) {
  node_.scene.node.netns.sh(
      "nft 'add table ip t; add chain ip t p { type nat hook prerouting priority -100; }; add rule "
      "ip t p ip daddr 192.0.2.99 dnat to 10.1.0.1'");
  const auto agent = node_.start({"--policy-revoke", "on"});
  add_both(*agent);
  const Talk direct(v4(node_.scene.pod_b), v4(node_.scene.pod_a));
  // Named by the service's address: its own socket says what it calls.
  const std::string udp = "exec 3<>/dev/udp/192.0.2.99/53 && echo x >&3";
  node_.scene.pod_b.netns.sh("bash -c '" + udp + "'");
  EXPECT_TRUE(node_.scene.node.netns.sh_ok("grep -q 'dport=53 ' /proc/net/nf_conntrack"));
  node_.put_policy("closed", nobody_enters());
  EXPECT_TRUE(eventually([&] { return agent->metric(kCut) >= 2; })) << agent->log();
  EXPECT_FALSE(node_.scene.node.netns.sh_ok("grep -q 'dport=53 ' /proc/net/nf_conntrack"));
  EXPECT_TRUE(direct.is_cut());
}

TEST_F(PolicyFlows, OfAPodWithANicOfItsOwnAreCutInsideIt) {
  node_.web.own_nic = true;
  node_.scene.at_node([this](firewall::Table& table) {
    must(table.enter(firewall::test::Scene::entries_of(node_.scene.pod_a)));
  });
  const auto agent = node_.start({"--policy-revoke", "on"});
  node_.put_policy("access", only_enters(kFriend));
  node_.put_pod(node_.client, kFriend);
  add_both(*agent);
  EXPECT_TRUE(client_will_reach_web(true)) << agent->log();
  const auto running = talks();
  node_.put_pod(node_.client);
  EXPECT_TRUE(eventually([&] { return agent->metric(kCut) >= 4; })) << agent->log();
  for (const auto& talk : running) {
    EXPECT_TRUE(talk->is_cut());
  }
}

TEST_F(PolicyFlows, AreCutByTheTensOfThousandsWithoutKeepingAnAddWaiting) {
  constexpr int kMany = 60'000;
  node_.scene.node.netns.sh("sysctl -qw net.netfilter.nf_conntrack_udp_timeout=600");
  const auto agent = node_.start({"--policy-revoke", "on"});
  add_both(*agent);
  send_to_ports(udp_socket(node_.scene.pod_b.netns, node_.scene.pod_b.v4), node_.scene.pod_a.v4,
                kMany);
  const Talk talk(v4(node_.scene.pod_b), v4(node_.scene.pod_a));
  const Clock::time_point begin = Clock::now();
  const auto since = [](Clock::time_point time) {
    return std::chrono::duration<double, std::milli>(Clock::now() - time).count();
  };
  node_.put_policy("closed", nobody_enters());
  double longest_add = 0;
  while (agent->metric(kCut) < kMany && since(begin) < 20'000) {
    const Clock::time_point asked = Clock::now();
    EXPECT_TRUE(node_.add(*agent, node_.client).contains("result"));
    longest_add = std::max(longest_add, since(asked));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  std::printf("%.0f flows cut within %.0f ms, longest ADD %.1f ms\n", agent->metric(kCut),
              since(begin), longest_add);
  EXPECT_GE(agent->metric(kCut), kMany) << agent->log();
  EXPECT_TRUE(talk.is_cut());
  EXPECT_LT(longest_add, 1'000);
}

TEST_F(PolicyFlows, ThatWereForbiddenWhileNoAgentRanAreCutWhenItComes) {
  {
    const auto agent = node_.start();
    add_both(*agent);
  }
  const Talk talk(v4(node_.scene.pod_b), v4(node_.scene.pod_a));
  node_.put_policy("closed", nobody_enters());
  const auto agent = node_.start({"--policy-revoke", "on"});
  EXPECT_TRUE(eventually([&] { return agent->metric(kCut) >= 1; })) << agent->log();
  EXPECT_TRUE(talk.is_cut());
}

TEST(PolicyRevoke, IsRefusedWhereItCantBe) {
  const auto run = [](const std::vector<std::string>& options) {
    std::vector<std::string> words{bin_dir() + "/catena-agent", "run", "--api", "in-cluster"};
    words.insert(words.end(), options.begin(), options.end());
    return run_process(words);
  };
  const Outcome with_iptables = run({"--policy-revoke", "on", "--policy-backend", "iptables"});
  EXPECT_EQ(with_iptables.exit_status, 2);
  EXPECT_THAT(with_iptables.err, HasSubstr("only nftables can"));
  const Outcome unknown = run({"--policy-revoke", "perhaps"});
  EXPECT_EQ(unknown.exit_status, 2);
  EXPECT_THAT(unknown.err, HasSubstr("expected on or off"));
}

}  // namespace
}  // namespace catena::test
