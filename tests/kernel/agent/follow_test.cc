// Limits of running pods follow their annotations: on real links, at a real API server's word.
#include <algorithm>
#include <cstdio>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/shaping/record.h"
#include "tests/kernel/agent/watched_node.h"
#include "tests/kernel/shaping/scene.h"
#include "tests/support/paths.h"
#include "tests/support/process.h"

namespace catena::test {
namespace {

using nlohmann::json;
using shaping::Rates;
using shaping::Record;
using shaping::Records;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::IsEmpty;
using testing::SizeIs;
using Clock = std::chrono::steady_clock;

json limits(const char* ingress, const char* egress) {
  return annotated(
      {{"kubernetes.io/ingress-bandwidth", ingress}, {"kubernetes.io/egress-bandwidth", egress}});
}

class Follow : public testing::Test {
 protected:
  Record record(const Rates& rates) const {
    Record record;
    record.shaped = world_.shaped();
    record.netns = world_.pod_ns.path();
    record.pod_namespace = "shop";
    record.pod_name = "web";
    record.pod_uid = "u-1";
    record.rates = rates;
    return record;
  }
  // As catena-bandwidth's ADD leaves it.
  void add(const Record& record) {
    if (!record.rates.limits_nothing()) {
      must(shaping::shape(world_.host, world_.pod, record.shaped, record.rates));
    }
    must(records_.write(record));
  }
  void put(const json& more = json::object()) const {
    node_.api().objects().put(pod_of_shop("web", "u-1", more));
  }
  std::unique_ptr<RunningAgent> start() const { return node_.start(); }

  bool is_shaped(const Record& record, const Rates& rates) {
    return must(shaping::differences(world_.host, world_.pod, record.shaped, rates)).empty();
  }
  // How long that took; fails the test after `patience`.
  milliseconds until_shaped(const Record& record, const Rates& rates,
                            milliseconds patience = seconds(20)) {
    const Clock::time_point begin = Clock::now();
    EXPECT_TRUE(eventually([&] { return is_shaped(record, rates); }, patience));
    EXPECT_TRUE(eventually([&] {
      return must(records_.find(record.shaped.container_id, record.shaped.if_name))->rates == rates;
    }));
    return std::chrono::duration_cast<milliseconds>(Clock::now() - begin);
  }
  // One call, without the daemon.
  Outcome call(const std::vector<std::string>& duty) const {
    std::vector<std::string> words{bin_dir() + "/catena-agent", "call"};
    words.insert(words.end(), duty.begin(), duty.end());
    words.insert(words.end(), {"--state-dir", node_.state(), "--api", node_.kubeconfig()});
    return run_process(words, {.netns_fd = world_.host_ns.fd()});
  }
  static double runs(const RunningAgent& agent) {
    return agent.metric(R"(catena_agent_duty_runs_total{duty="bandwidth.follow",result="done"})");
  }
  // Until all that is known by now was looked at.
  static void let_it_look(const RunningAgent& agent) {
    EXPECT_TRUE(agent.ask({{"duty", "bandwidth.follow"}}).contains("result")) << agent.log();
  }

  PodAndNode world_;
  WatchedNode node_{world_.host_ns};
  Records records_{node_.state()};
};

TEST_F(Follow, AnAnnotationChangedOnARunningPodChangesItsShapingWithinASecond) {
  const Record pod = record(rates_of(10 * kMbit, 20 * kMbit));
  add(pod);
  put(limits("10M", "20M"));
  const auto agent = start();
  let_it_look(*agent);
  ASSERT_TRUE(is_shaped(pod, pod.rates));
  milliseconds longest{0};
  for (int i = 1; i <= 10; ++i) {
    const std::string rate = std::to_string(30 + i);
    put(limits((rate + "M").c_str(), "5M"));
    longest = std::max(
        longest, until_shaped(pod, rates_of((30 + static_cast<unsigned>(i)) * kMbit, 5 * kMbit)));
  }
  std::printf("longest of 10 changes: %d ms\n", static_cast<int>(longest.count()));
  EXPECT_LT(longest, seconds(1));
  EXPECT_TRUE(eventually([&] {
    return agent->log().find("shop/web receives at most 40000000 bit/s") != std::string::npos;
  })) << agent->log();
}

TEST_F(Follow, ALimitComesAndGoesWithItsAnnotation) {
  const Record pod = record({});
  add(pod);
  put();
  const auto agent = start();
  put(annotated({{"k8s.aliyun.com/egress-bandwidth", "1m"}}));
  until_shaped(pod, rates_of(0, 8 * 1'048'576));
  put(annotated({{"k8s.aliyun.com/egress-bandwidth", "1m"},
                 {"kubernetes.io/egress-bandwidth", "3M"},
                 {"kubernetes.io/ingress-bandwidth", "2M"}}));
  until_shaped(pod, rates_of(2 * kMbit, 3 * kMbit));
  put();
  until_shaped(pod, {});
  EXPECT_THAT(world_.traffic_control(), IsEmpty());
  EXPECT_TRUE(eventually(
      [&] { return agent->log().find("receives without a limit") != std::string::npos; }));
}

TEST_F(Follow, ABurstThatTheRuntimeGaveStaysWithItsRate) {
  Rates rates = rates_of(10 * kMbit, 20 * kMbit);
  rates.ingress.burst_bits = kMbit;
  rates.egress.burst_bits = kMbit;
  const Record pod = record(rates);
  add(pod);
  put(limits("10M", "20M"));
  const auto agent = start();
  let_it_look(*agent);
  EXPECT_EQ(must(records_.find("pod-a", "eth0"))->rates, rates);
  put(limits("10M", "30M"));
  rates.egress = {.rate_bits = 30 * kMbit};
  until_shaped(pod, rates);
}

TEST_F(Follow, AnEniIsShapedInsideThePod) {
  Record pod = record({});
  pod.shaped = world_.shaped_nic();
  add(pod);
  put();
  const auto agent = start();
  put(limits("10M", "20M"));
  until_shaped(pod, rates_of(10 * kMbit, 20 * kMbit));
}

TEST_F(Follow, WhatTheConfigurationItselfSaysStays) {
  Record pod = record(rates_of(10 * kMbit, 20 * kMbit));
  pod.fixed = true;
  add(pod);
  put(limits("1M", "2M"));
  const auto agent = start();
  let_it_look(*agent);
  EXPECT_TRUE(is_shaped(pod, pod.rates));
  EXPECT_EQ(must(records_.find("pod-a", "eth0"))->rates, pod.rates);
}

TEST_F(Follow, AnAnnotationThatIsNoLimitIsToldOnceAndChangesNothing) {
  const Record pod = record(rates_of(10 * kMbit, 20 * kMbit));
  add(pod);
  put(limits("10M", "20M"));
  const auto agent = start();
  put(limits("10M", "fast"));
  const std::string told = "shop/web: annotation kubernetes.io/egress-bandwidth: 'fast'";
  EXPECT_TRUE(eventually([&] { return agent->log().find(told) != std::string::npos; }))
      << agent->log();
  const double before = runs(*agent);
  put(limits("11M", "fast"));
  EXPECT_TRUE(eventually([&] { return runs(*agent) > before; }));
  EXPECT_EQ(agent->log().find(told), agent->log().rfind(told));
  EXPECT_TRUE(is_shaped(pod, pod.rates));
  put(limits("11M", "12M"));
  until_shaped(pod, rates_of(11 * kMbit, 12 * kMbit));
}

TEST_F(Follow, APodOfTheSameNameThatCameLaterIsNotTheOneThatRuns) {
  const Record pod = record(rates_of(10 * kMbit, 20 * kMbit));
  add(pod);
  node_.api().objects().put(pod_of_shop("web", "u-2", limits("1M", "2M")));
  const auto agent = start();
  let_it_look(*agent);
  EXPECT_TRUE(is_shaped(pod, pod.rates));
}

TEST_F(Follow, WhatChangedWhileTheAgentWasAwayIsCaughtUpWith) {
  const Record pod = record(rates_of(10 * kMbit, 20 * kMbit));
  add(pod);
  put(limits("3M", "4M"));
  const auto agent = start();
  until_shaped(pod, rates_of(3 * kMbit, 4 * kMbit));
}

TEST_F(Follow, AnAnnotationThatChangedWhileThePodStartedIsNotMissed) {
  put(limits("3M", "4M"));
  const auto agent = start();
  EXPECT_TRUE(eventually([&] { return runs(*agent) >= 1; }));
  const Record pod = record(rates_of(10 * kMbit, 20 * kMbit));
  add(pod);  // from what the runtime knew before
  until_shaped(pod, rates_of(3 * kMbit, 4 * kMbit));
}

TEST_F(Follow, WithTheApiServerAwayLimitsStay) {
  const Record pod = record(rates_of(10 * kMbit, 20 * kMbit));
  add(pod);
  put(limits("10M", "20M"));
  const auto agent = start();
  let_it_look(*agent);
  node_.end_api();
  EXPECT_TRUE(eventually([&] { return agent->metric("catena_agent_api_synced") == 0; }));
  const json answer = agent->ask({{"duty", "bandwidth.follow"}, {"deadlineMs", 1'500}});
  EXPECT_EQ(answer["error"]["kind"], "try-again") << answer;
  EXPECT_TRUE(is_shaped(pod, pod.rates));
}

TEST_F(Follow, WhatChangedWhileTheWatchWasBrokenIsCaughtUpWith) {
  const Record pod = record(rates_of(10 * kMbit, 20 * kMbit));
  add(pod);
  put(limits("10M", "20M"));
  const auto agent = start();
  let_it_look(*agent);
  node_.api().fail({.fate = Fault::Fate::kLost, .target = "watch=", .times = 1});
  node_.api().drop_watches();
  EXPECT_TRUE(eventually([&] { return agent->metric("catena_agent_api_synced") == 0; }));
  put(limits("3M", "4M"));
  until_shaped(pod, rates_of(3 * kMbit, 4 * kMbit));
}

TEST_F(Follow, APodWhoseNamespaceIsGoneHindersNobody) {
  Record dead = record(rates_of(kMbit, kMbit));
  dead.shaped.container_id = "pod-dead";
  dead.shaped.pipes.front().host_link = "ctndead";
  dead.netns = "/run/netns/cni-there-is-no-such";
  must(records_.write(dead));
  const Record pod = record({});
  add(pod);
  put(limits("3M", "4M"));
  const auto agent = start();
  until_shaped(pod, rates_of(3 * kMbit, 4 * kMbit));
  EXPECT_EQ(agent->log().find("bandwidth.follow: limits of"), std::string::npos) << agent->log();
}

TEST_F(Follow, OneOfTwoHundredAndFiftyPodsIsNoSlowerAndTheAgentStaysSmall) {
  Record other = record(rates_of(kMbit, kMbit));
  other.netns = "/run/netns/cni-there-is-no-such";
  for (int i = 0; i < 249; ++i) {
    const std::string number = std::to_string(i);
    other.shaped.container_id = "pod-" + number;
    other.pod_name = "web-" + number;
    other.pod_uid = "u-web-" + number;
    must(records_.write(other));
    node_.api().objects().put(pod_of_shop(other.pod_name, other.pod_uid, limits("1M", "1M")));
  }
  const Record pod = record({});
  add(pod);
  put();
  const auto agent = start();
  let_it_look(*agent);
  const double before = agent->metric("process_cpu_seconds_total");
  put(limits("3M", "4M"));
  const milliseconds taken = until_shaped(pod, rates_of(3 * kMbit, 4 * kMbit));
  const double spent = agent->metric("process_cpu_seconds_total") - before;
  const double resident = agent->metric("process_resident_memory_bytes");
  std::printf("250 pods: %d ms, CPU %.1f ms, resident %.1f MiB\n", static_cast<int>(taken.count()),
              spent * 1e3, resident / 1048576);
  EXPECT_LT(taken, seconds(1));
  EXPECT_LE(resident, 20.0 * 1048576);
}

// From catena-bandwidth's ADD to its DEL.
TEST_F(Follow, APodThatStartedWithoutLimitsGetsThemWhileItRunsAndLeavesNothing) {
  put();
  const auto agent = start();
  json link{{"name", "ctn1a2b"}};
  json nic{{"name", "eth0"}, {"sandbox", world_.pod_ns.path()}};
  const json config{{"cniVersion", "1.0.0"},
                    {"name", "net"},
                    {"type", "catena-bandwidth"},
                    {"stateDir", node_.state()},
                    {"prevResult", {{"cniVersion", "1.0.0"}, {"interfaces", {link, nic}}}}};
  const auto plugin = [&](const char* command) {
    return run_process({bin_dir() + "/catena-bandwidth"},
                       {.input = config.dump(),
                        .environment = {{{"CNI_COMMAND", command},
                                         {"CNI_CONTAINERID", "pod-a"},
                                         {"CNI_IFNAME", "eth0"},
                                         {"CNI_NETNS", world_.pod_ns.path()},
                                         {"CNI_PATH", bin_dir()},
                                         {"CNI_ARGS",
                                          "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;"
                                          "K8S_POD_NAME=web;K8S_POD_UID=u-1"}}},
                        .netns_fd = world_.host_ns.fd()});
  };
  const Outcome added = plugin("ADD");
  ASSERT_EQ(added.exit_status, 0) << added.out;
  EXPECT_THAT(world_.traffic_control(), IsEmpty());
  put(limits("10M", "20M"));
  until_shaped(record({}), rates_of(10 * kMbit, 20 * kMbit));
  put(limits("30M", "20M"));
  until_shaped(record({}), rates_of(30 * kMbit, 20 * kMbit));
  EXPECT_EQ(plugin("DEL").exit_status, 0);
  EXPECT_THAT(world_.traffic_control(), IsEmpty());
  EXPECT_FALSE(must(records_.find("pod-a", "eth0")).has_value());
  let_it_look(*agent);
  EXPECT_THAT(world_.traffic_control(), IsEmpty()) << "the pod is at the API server still";
}

TEST_F(Follow, OneCallDoesItWithoutADaemon) {
  const Record pod = record(rates_of(10 * kMbit, 20 * kMbit));
  add(pod);
  put(limits("3M", "4M"));
  const Outcome outcome = run_process({bin_dir() + "/catena-agent", "call", "bandwidth.follow",
                                       "--state-dir", node_.state(), "--api", node_.kubeconfig()},
                                      {.netns_fd = world_.host_ns.fd()});
  EXPECT_EQ(outcome.exit_status, 0) << outcome.err;
  const json result = json::parse(outcome.out, nullptr, false);
  EXPECT_THAT(result["changed"], SizeIs(1)) << outcome.out;
  EXPECT_EQ(result["changed"][0]["ingress"], 3 * kMbit) << outcome.out;
  EXPECT_TRUE(is_shaped(pod, rates_of(3 * kMbit, 4 * kMbit)));
}

TEST_F(Follow, GarbageCollectionForgetsPodsThatAreGone) {
  const Record alive = record({});
  add(alive);
  Record dead = alive;
  dead.shaped.container_id = "pod-dead";
  dead.shaped.pipes.front().host_link = "ctndead";
  dead.netns = "/run/netns/cni-there-is-no-such";
  must(records_.write(dead));
  for (const char* args : {R"({"dryRun":true})", "{}"}) {
    EXPECT_TRUE(must(records_.find("pod-dead", "eth0")).has_value());
    const Outcome outcome = call({"gc", "--args", args});
    EXPECT_EQ(outcome.exit_status, 0) << outcome.err;
    const json garbage = json::parse(outcome.out, nullptr, false)["garbage"];
    ASSERT_THAT(garbage, SizeIs(1)) << outcome.out;
    EXPECT_EQ(garbage[0]["kind"], "shaping");
    EXPECT_EQ(garbage[0]["what"], "pod-dead eth0");
  }
  EXPECT_FALSE(must(records_.find("pod-dead", "eth0")).has_value());
  EXPECT_TRUE(must(records_.find("pod-a", "eth0")).has_value());
}

}  // namespace
}  // namespace catena::test
