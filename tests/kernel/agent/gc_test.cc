// catena-agent call gc on a node with pods on shared ENIs.
#include <fcntl.h>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/agent/running_agent.h"
#include "tests/kernel/multiip/eni_node.h"
#include "tests/support/kube/api_server.h"
#include "tests/support/paths.h"

namespace catena::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

const json kKeys = {{"ipFamilies", {"ipv4", "ipv6"}}, {"closedUntilPolicy", false}};

class Gc : public testing::Test {
 protected:
  Gc() { scene_.put_addresses("eni-2", {"21", "22", "50", "51"}); }

  json gc(const json& args) const {
    const Outcome outcome = run_process(
        {bin_dir() + "/catena-agent", "call", "gc", "--args", args.dump(), "--state-dir",
         scene_.state_dir()},
        {.environment = {{{"PATH", "/usr/sbin:/usr/bin:/bin"}}}, .netns_fd = scene_.node().fd()});
    EXPECT_EQ(outcome.exit_status, 0) << outcome.err;
    return json::parse(outcome.out, nullptr, false);
  }
  // The kinds of what was found, each once.
  static std::set<std::string> kinds(const json& found) {
    std::set<std::string> all;
    for (const json& one : found) {
      all.insert(one["kind"]);
    }
    return all;
  }
  bool has_links() const {
    return scene_.node().sh("ip -o link").find(": ctn") != std::string::npos;
  }
  // The namespace with all its links goes, as when a node's runtime was killed.
  void kill_pod(std::unique_ptr<ScratchNetNs>& pod) const {
    pod.reset();
    EXPECT_TRUE(eventually([&] { return !has_links(); }));
  }

  EniNode scene_;
};

TEST_F(Gc, FindsNothingOfALivingPod) {
  const ScratchNetNs pod;
  const Answer added = scene_.add(pod, "pod-a", kKeys);
  const std::string before = scene_.leftovers();
  const json found = gc({{"olderThan", 0}});
  EXPECT_EQ(found["garbage"], json::array());
  EXPECT_EQ(found["doubtful"], json::array());
  EXPECT_EQ(scene_.leftovers(), before);
  EXPECT_TRUE(scene_.check(pod, "pod-a", added, kKeys).ok());
}

TEST_F(Gc, RemovesAllThatADeadPodHadAndFreesItsAddresses) {
  for (const json& more : {json{{"masquerade", true}}, json{{"routing", "rules"}}}) {
    json keys = kKeys;
    keys.merge_patch(more);
    auto pod = std::make_unique<ScratchNetNs>();
    scene_.add(*pod, "pod-a", keys);
    kill_pod(pod);
    EXPECT_THAT(scene_.held(), HasSubstr("pod-a"));
    const json dry = gc({{"olderThan", 0}, {"dryRun", true}});
    EXPECT_THAT(scene_.held(), HasSubstr("pod-a")) << "a dry run changes nothing";
    const json found = gc({{"olderThan", 0}});
    EXPECT_EQ(found["garbage"], dry["garbage"]);
    const std::set<std::string> wanted =
        more.contains("masquerade")
            ? std::set<std::string>{"address", "guard", "mark", "masquerade"}
            : std::set<std::string>{"address", "guard", "rule"};
    EXPECT_EQ(kinds(found["garbage"]), wanted) << found;
    EXPECT_EQ(scene_.leftovers(), "");
    EXPECT_EQ(scene_.held(), "");
    EXPECT_EQ(gc({{"olderThan", 0}})["garbage"], json::array());
  }
}

TEST_F(Gc, ADeadPodIsToldFromALivingOne) {
  const ScratchNetNs living;
  const Answer added = scene_.add(living, "living", kKeys);
  auto dead = std::make_unique<ScratchNetNs>();
  scene_.add(*dead, "dead", kKeys);
  dead.reset();
  EXPECT_TRUE(
      eventually([&] { return scene_.node().sh("ip -o link | grep -c ': ctn'; true") == "1\n"; }));
  gc({{"olderThan", 0}});
  EXPECT_THAT(scene_.held(), HasSubstr("living"));
  EXPECT_THAT(scene_.held(), Not(HasSubstr("dead")));
  EXPECT_TRUE(scene_.check(living, "living", added, kKeys).ok());
}

TEST_F(Gc, WhatIsYoungMayBeAnAddAtWork) {
  auto pod = std::make_unique<ScratchNetNs>();
  scene_.add(*pod, "pod-a", kKeys);
  kill_pod(pod);
  EXPECT_EQ(gc(json::object())["garbage"], json::array());
  EXPECT_THAT(scene_.held(), HasSubstr("pod-a"));
}

TEST_F(Gc, ALivingPodThatLostItsLinkIsDoubtfulOnly) {
  const ScratchNetNs pod;
  scene_.add(pod, "pod-a", kKeys);
  pod.sh("ip link del eth0");
  const json found = gc({{"olderThan", 0}});
  EXPECT_EQ(kinds(found["doubtful"]), std::set<std::string>{"address"}) << found;
  EXPECT_THAT(scene_.held(), HasSubstr("pod-a"));
}

TEST_F(Gc, APodThatALostStoreForgotKeepsItsLink) {
  const ScratchNetNs pod;
  scene_.add(pod, "pod-a", kKeys);
  scene_.store().release("pod-a", "eth0").value();
  const json found = gc({{"olderThan", 0}});
  EXPECT_THAT(kinds(found["doubtful"]), testing::Contains("link"));
  EXPECT_TRUE(has_links());
}

TEST_F(Gc, AnAddressThatTheLinksPodDoesNotHaveLosesItsRoute) {
  const ScratchNetNs pod;
  const Answer added = scene_.add(pod, "pod-a", kKeys);
  const std::string link = host_link_of(added);
  scene_.node().sh("ip route add 192.168.1.77/32 dev " + link + " table 20200 proto 202");
  EXPECT_EQ(kinds(gc({{"olderThan", 0}})["garbage"]), std::set<std::string>{"route"});
  EXPECT_THAT(scene_.node().sh("ip route show table 20200"), Not(HasSubstr("192.168.1.77")));
  EXPECT_TRUE(scene_.check(pod, "pod-a", added, kKeys).ok());
}

TEST_F(Gc, TheRuleOfAnEniThatIsGoneGoes) {
  scene_.node().sh("ip rule add fwmark 0x900000/0xff00000 lookup 20209 prio 609 proto 202");
  const json found = gc({{"olderThan", 0}});
  EXPECT_EQ(kinds(found["garbage"]), std::set<std::string>{"rule"}) << found;
  EXPECT_THAT(scene_.node().sh("ip rule"), Not(HasSubstr("609")));
}

TEST_F(Gc, FilesOfWaitersThatDiedAreSweptAndThoseOfLivingOnesStay) {
  const std::string place = scene_.state_dir() + "/waiting";
  ASSERT_EQ(::mkdir(place.c_str(), 0700), 0);
  std::ofstream(place + "/dead") << "";
  const std::string other = scene_.state_dir() + "/waiting-eni";
  ASSERT_EQ(::mkdir(other.c_str(), 0700), 0);
  std::ofstream(other + "/dead") << "";
  const base::UniqueFd living(
      ::open((place + "/living").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  ASSERT_EQ(::flock(living.get(), LOCK_EX), 0);
  const json found = gc({{"olderThan", 0}});
  EXPECT_EQ(kinds(found["garbage"]), std::set<std::string>{"waiting"});
  EXPECT_NE(::access((place + "/dead").c_str(), F_OK), 0);
  EXPECT_NE(::access((other + "/dead").c_str(), F_OK), 0);
  EXPECT_EQ(::access((place + "/living").c_str(), F_OK), 0);
}

TEST_F(Gc, APodThatTheApiServerNoLongerHasIsDeadOnceItsLinkIsGone) {
  std::unique_ptr<ApiServer> api;
  scene_.node().run([&] { api = std::make_unique<ApiServer>(); });
  const std::string kubeconfig = scene_.dir() + "/kubeconfig";
  std::ofstream(kubeconfig) << json{
      {"clusters", {{{"name", "c"}, {"cluster", {{"server", api->url()}}}}}},
      {"users", {{{"name", "u"}, {"user", {{"token", "t"}}}}}},
      {"contexts", {{{"name", "x"}, {"context", {{"cluster", "c"}, {"user", "u"}}}}}},
      {"current-context", "x"}}.dump();
  const ScratchNetNs pod;
  scene_.add(pod, "pod-a", kKeys);
  scene_.add(ScratchNetNs(), "pod-b", kKeys);
  api->objects().put({{"apiVersion", "v1"},
                      {"kind", "Pod"},
                      {"metadata", {{"name", "pod-a"}, {"namespace", "default"}}},
                      {"spec", {{"nodeName", "node-1"}}}});
  pod.sh("ip link del eth0");
  const RunningAgent agent(scene_.node(), scene_.state_dir(),
                           {"--api", kubeconfig, "--node-name", "node-1", "--pool", "off"});
  EXPECT_TRUE(eventually([&] { return agent.metric("catena_agent_api_synced") == 1; }));
  agent.ask({{"duty", "gc"}, {"args", {{"olderThan", 0}}}});
  EXPECT_THAT(scene_.held(), HasSubstr("pod-a")) << "the API server has it";
  api->objects().remove("Pod", "default", "pod-a");
  EXPECT_TRUE(eventually([&] {
    agent.ask({{"duty", "gc"}, {"args", {{"olderThan", 0}}}});
    return scene_.held().empty();
  })) << scene_.held();
}

}  // namespace
}  // namespace catena::test
