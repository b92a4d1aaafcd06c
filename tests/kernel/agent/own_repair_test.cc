// What somebody takes from pods that have an ENI of their own, and from the guard, is back at once
// while the agent runs.
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/agent/running_agent.h"
#include "tests/kernel/eni/own_eni_node.h"

namespace catena::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

class OwnRepair : public testing::Test {
 protected:
  // Of the plugins' own configurations, in the order of a chain.
  void write_conflist(const std::vector<json>& plugins) const {
    json list = {{"cniVersion", "1.0.0"}, {"name", plugins.front()["name"]}, {"plugins", plugins}};
    std::ofstream(conflist()) << list.dump();
  }
  std::string conflist() const { return scene_.dir() + "/conflist"; }
  RunningAgent agent() const {
    return {scene_.node(),
            scene_.state_dir(),
            {"--conflist", conflist() + ":" + scene_.dir() + "/to", "--pool", "off"}};
  }
  // All that pods have on the node, in an order of its own.
  std::string of_pods() const {
    return scene_.node().sh(
        "exec 2>/dev/null; { ip rule; ip -6 rule; ip route show table 20455; "
        "ip -6 route show table 20455; nft -s list table inet catena; } | sort");
  }
  // After its first comparison, which has nothing to mend.
  std::string settled(const RunningAgent& running) const {
    std::this_thread::sleep_for(std::chrono::milliseconds(1'500));
    EXPECT_THAT(running.log(), Not(HasSubstr("repair: "))) << running.log();
    return of_pods();
  }
  void expect_back(const RunningAgent& running, const std::string& damage,
                   const std::string& before) const {
    scene_.node().sh(damage);
    EXPECT_TRUE(eventually([&] { return of_pods() == before; }, std::chrono::seconds(5)))
        << damage << "\nbefore:\n"
        << before << "\nnow:\n"
        << of_pods() << running.log();
  }

  OwnEniNode scene_;
  const ScratchNetNs pod_;
};

TEST_F(OwnRepair, RulesRoutesAndChainsOfAPodsLinkToTheNodeAreBackAndTheLogSaysWhatWasLost) {
  const json both{{"ipFamilies", {"ipv4", "ipv6"}}};
  const Answer added = scene_.add(pod_, "pod-a", both);
  write_conflist({scene_.config(both)});
  const RunningAgent running = agent();
  const std::string before = settled(running);
  for (const char* damage :
       {"ip rule del prio 595", "ip rule del prio 599", "ip -6 rule del prio 595",
        "ip rule del prio 601", "ip -6 rule del prio 601", "ip route flush table 20455",
        "ip -6 route flush table 20455", "nft flush chain inet catena host-links",
        "nft flush chain inet catena host-links-nat", "nft flush set inet catena host-links",
        "nft flush map inet catena mark4", "nft flush ruleset",
        "ip rule flush; ip rule add pref 32766 lookup main; "
        "ip rule add pref 32767 lookup default"}) {
    expect_back(running, damage, before);
  }
  const Answer checked = scene_.check(pod_, "pod-a", added, both);
  EXPECT_TRUE(checked.ok()) << checked.process.out;
  for (const char* lost : {"repair: IPv4 rule 595 iif lo lookup 20455 is gone", "IPv6 rule 595",
                           "IPv4 rule 599", "IPv4 rule 601", "route 192.168.0.31/32 dev ctn",
                           "as a link to a pod", "mark of 192.168.0.31 (slot 1) is gone",
                           "entry of the guard for ctn", "192.168.0.31 was masqueraded no more"}) {
    EXPECT_THAT(running.log(), HasSubstr(lost));
  }
}

TEST_F(OwnRepair, WhatAPodHadIsNotBroughtBackOnceItIsGone) {
  scene_.add(pod_, "pod-a");
  write_conflist({scene_.config()});
  const RunningAgent running = agent();
  settled(running);
  scene_.del(pod_.path(), "pod-a");
  scene_.node().sh("nft flush ruleset; ip rule del prio 595");
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  EXPECT_EQ(scene_.leftovers(), "");
  EXPECT_THAT(scene_.node().sh("ip rule"), Not(HasSubstr("595:")));
}

TEST_F(OwnRepair, AFlushedRulesetCutsNoPodWithARouteOfItsOwnOff) {
  scene_.add_shared("catena-vpc-route", pod_, "pod-a");
  json plugin = scene_.config();
  plugin.erase("when");
  plugin.erase("serviceCIDRs");
  plugin.erase("kubeletDir");
  plugin["type"] = "catena-vpc-route";
  plugin["podCIDRs"] = {"172.30.1.0/24"};
  write_conflist({plugin});
  const RunningAgent running = agent();
  const std::string before = settled(running);
  EXPECT_THAT(before, HasSubstr("172.30.1."));
  expect_back(running, "nft flush ruleset", before);
  expect_back(running, "nft flush set inet catena entered4", before);
}

// Of another network nobody knows here whether a policy has to come first.
TEST_F(OwnRepair, ThePodOfAnotherNetworkStaysBehindTheGuard) {
  scene_.add_shared("catena-vpc-route", pod_, "pod-a");
  write_conflist(
      {{{"type", "catena-vpc-route"}, {"name", "another"}, {"podCIDRs", {"172.30.1.0/24"}}}});
  const RunningAgent running = agent();
  settled(running);
  scene_.node().sh("nft flush set inet catena entered4");
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  EXPECT_THAT(of_pods(), Not(HasSubstr("172.30.1.")));
}

TEST_F(OwnRepair, APodThatWaitsForItsPolicyIsNotLetThrough) {
  const json closed{{"closedUntilPolicy", true}};
  scene_.add(pod_, "pod-a", closed);
  write_conflist({scene_.config(closed)});
  const RunningAgent running = agent();
  const std::string before = settled(running);
  expect_back(running, "nft flush ruleset", before);
  EXPECT_THAT(running.log(), Not(HasSubstr("entry of the guard")));
}

}  // namespace
}  // namespace catena::test
