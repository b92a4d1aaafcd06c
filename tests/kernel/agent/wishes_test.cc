// What a pod asks for, as plugins hear it: from the daemon's watch, or by one call.
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/agent/watched_node.h"
#include "tests/support/paths.h"
#include "tests/support/process.h"

namespace catena::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

json wants_eni() {
  return {{"spec",
           {{"containers",
             json::array({{{"name", "c"}, {"resources", {{"limits", {{"aliyun/eni", "1"}}}}}}})}}}};
}

class PodWishes : public testing::Test {
 protected:
  static json question(const std::string& name, const std::string& uid) {
    return {{"duty", "pod.wishes"},
            {"args", {{"namespace", "shop"}, {"name", name}, {"uid", uid}}},
            {"deadlineMs", 10'000}};
  }
  // Single reads of that pod that reached the API server.
  int reads_of(const std::string& name) const {
    return node_.api().count("/namespaces/shop/pods/" + name);
  }

  Outcome call(const std::string& args, const std::vector<std::string>& options = {},
               const std::vector<std::pair<std::string, std::string>>& environment = {}) const {
    std::vector<std::string> words{bin_dir() + "/catena-agent",
                                   "call",
                                   "pod.wishes",
                                   "--args",
                                   args,
                                   "--state-dir",
                                   node_.state(),
                                   "--deadline",
                                   "5"};
    words.insert(words.end(), options.begin(), options.end());
    return run_process(words, {.environment = environment, .netns_fd = netns_.fd()});
  }

  ScratchNetNs netns_;
  WatchedNode node_{netns_};
};

TEST_F(PodWishes, TheDaemonTellsThemWithoutAskingTheApiServer) {
  node_.api().objects().put(pod_of_shop(
      "web", "u-1",
      annotated({{"kubernetes.io/egress-bandwidth", "10M"}, {"example.com/other", "x"}})));
  node_.api().objects().put(pod_of_shop("db", "u-2", wants_eni()));
  const auto agent = node_.start();
  EXPECT_EQ(agent->ask(question("web", "u-1"))["result"],
            (json{{"eni", false},
                  {"annotations", {{"kubernetes.io/egress-bandwidth", "10M"}}},
                  {"uid", "u-1"}}));
  EXPECT_EQ(agent->ask(question("db", "u-2"))["result"]["eni"], true);
  EXPECT_EQ(agent->ask(question("db", ""))["result"]["uid"], "u-2");
  EXPECT_EQ(reads_of(""), 0);
  EXPECT_EQ(agent->metric(R"(catena_agent_duty_runs_total{duty="pod.wishes",result="done"})"), 3);
}

TEST_F(PodWishes, ChangesOfARunningPodAreKnown) {
  node_.api().objects().put(pod_of_shop("web", "u-1"));
  const auto agent = node_.start();
  EXPECT_EQ(agent->ask(question("web", "u-1"))["result"]["annotations"], json::object());
  node_.api().objects().put(
      pod_of_shop("web", "u-1", annotated({{"k8s.aliyun.com/ingress-bandwidth", "1m"}})));
  EXPECT_TRUE(eventually([&] {
    return agent->ask(question("web", "u-1"))["result"]["annotations"] ==
           json{{"k8s.aliyun.com/ingress-bandwidth", "1m"}};
  }));
  EXPECT_EQ(reads_of("web"), 0);
}

TEST_F(PodWishes, APodThatTheWatchHasNotYetSeenIsLookedUp) {
  const auto agent = node_.start();
  // Of another node as far as the watch is concerned: it never sees it.
  node_.api().objects().put(pod_of_shop("late", "u-9", {{"spec", {{"nodeName", nullptr}}}}));
  EXPECT_EQ(agent->ask(question("late", "u-9"))["result"]["uid"], "u-9");
  EXPECT_EQ(reads_of("late"), 1);
}

TEST_F(PodWishes, ARecreatedPodOfTheSameNameIsNotTakenForTheOldOne) {
  node_.api().objects().put(pod_of_shop("web-0", "u-1", wants_eni()));
  const auto agent = node_.start();
  const json answer = agent->ask(question("web-0", "u-2"));
  EXPECT_EQ(answer["error"]["kind"], "not-found") << answer;
  EXPECT_THAT(answer["error"]["text"], HasSubstr("shop/web-0 is another one now: u-1, not u-2"));
  EXPECT_EQ(agent->ask(question("nobody", "u-3"))["error"]["kind"], "not-found");
}

TEST_F(PodWishes, AStaticPodIsFoundByTheUidThatKubeletGaveIt) {
  node_.api().objects().put(
      pod_of_shop("proxy", "u-1", annotated({{"kubernetes.io/config.hash", "h-1"}})));
  const auto agent = node_.start();
  EXPECT_EQ(agent->ask(question("proxy", "h-1"))["result"]["uid"], "u-1");
  EXPECT_EQ(reads_of("proxy"), 0);
}

TEST_F(PodWishes, WithTheApiServerAwayWhatWasKnownStaysKnown) {
  node_.api().objects().put(pod_of_shop("web", "u-1", wants_eni()));
  const auto agent = node_.start();
  node_.end_api();
  EXPECT_TRUE(eventually([&] { return agent->metric("catena_agent_api_synced") == 0; }));
  EXPECT_EQ(agent->ask(question("web", "u-1"))["result"]["eni"], true);
  json other = question("other", "u-2");
  other["deadlineMs"] = 1'500;
  const json unknown = agent->ask(other);
  EXPECT_EQ(unknown["error"]["kind"], "try-again") << unknown;
}

TEST_F(PodWishes, AnApiServerThatHangsKeepsNoKnownPodWaiting) {
  node_.api().objects().put(pod_of_shop("web", "u-1"));
  const auto agent = node_.start();
  node_.api().fail({.fate = Fault::Fate::kSlow,
                    .target = "/pods/slow",
                    .times = 100,
                    .delay = std::chrono::seconds(4)});
  std::thread other([&] {
    const json slow = agent->ask({{"duty", "pod.wishes"},
                                  {"args", {{"namespace", "shop"}, {"name", "slow"}}},
                                  {"deadlineMs", 1'500}});
    EXPECT_EQ(slow["error"]["kind"], "try-again") << slow;
  });
  EXPECT_TRUE(eventually([&] { return reads_of("slow") > 0; }));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(agent->ask(question("web", "u-1"))["result"]["uid"], "u-1");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
  other.join();
}

TEST_F(PodWishes, ArgumentsAreChecked) {
  const auto agent = node_.start();
  for (const json& args : {json{{"name", "web"}}, json{{"namespace", "shop"}},
                           json{{"namespace", "shop"}, {"name", "web"}, {"pod", "x"}},
                           json{{"namespace", "shop"}, {"name", 7}}}) {
    const json answer = agent->ask({{"duty", "pod.wishes"}, {"args", args}});
    EXPECT_EQ(answer["error"]["kind"], "bad-config") << answer;
  }
}

TEST_F(PodWishes, ADaemonWithoutAnApiServerSaysSo) {
  const RunningAgent agent(netns_, node_.state(), {"--pool", "off"});
  const json answer = agent.ask(question("web", "u-1"));
  EXPECT_EQ(answer["error"]["kind"], "bad-config") << answer;
  EXPECT_THAT(answer["error"]["text"], HasSubstr("no API server is known"));
  EXPECT_THAT(answer["error"]["advice"], HasSubstr("CATENA_API"));
}

TEST_F(PodWishes, OneCallLooksThePodUp) {
  node_.api().objects().put(pod_of_shop("db", "u-2", wants_eni()));
  const std::string args = question("db", "u-2")["args"].dump();
  for (const Outcome& outcome : {call(args, {"--api", node_.kubeconfig()}),
                                 call(args, {}, {{"CATENA_API", node_.kubeconfig()}})}) {
    EXPECT_EQ(outcome.exit_status, 0) << outcome.err;
    EXPECT_EQ(json::parse(outcome.out),
              (json{{"eni", true}, {"annotations", json::object()}, {"uid", "u-2"}}));
  }
  const Outcome gone = call(question("nobody", "")["args"].dump(), {"--api", node_.kubeconfig()});
  EXPECT_EQ(gone.exit_status, 1) << gone.err;
  EXPECT_EQ(call(args, {"--api", "kubeconfig"}).exit_status, 2);
  EXPECT_EQ(call(args, {"--api", "none"}).exit_status, 2);
  node_.end_api();
  EXPECT_EQ(call(args, {"--api", node_.kubeconfig()}).exit_status, 3) << "it may be back later";
}

}  // namespace
}  // namespace catena::test
