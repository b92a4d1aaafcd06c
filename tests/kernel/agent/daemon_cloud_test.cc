// catena-agent run on a node of catena-sim: it keeps the pool by itself.
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/ipam/store.h"
#include "tests/kernel/agent/running_agent.h"
#include "tests/kernel/agent/sim_nodes.h"
#include "tests/support/temp_dir.h"

namespace catena::test {
namespace {

using nlohmann::json;
using std::chrono::seconds;

class DaemonAndCloud : public testing::Test {
 protected:
  void write_conf(int idle) const {
    std::ofstream(eni_conf()) << json{
        {"version", "1"},
        {"min_pool_size", idle},
        {"max_pool_size", idle + 3}}.dump();
  }
  std::string eni_conf() const { return dir_.path() + "/eni.json"; }
  std::uint64_t free_addresses() const {
    ipam::Store store(sim_.state_dir(1), {});
    std::uint64_t free = 0;
    const auto stock = store.stock();
    for (const ipam::EniStock& one : stock.ok() ? *stock : std::vector<ipam::EniStock>()) {
      free += one.ipv4.free + one.ipv4.cooling;
    }
    return free;
  }
  SimNodes sim_;
  TempDir dir_;
};

TEST_F(DaemonAndCloud, KeepsThePoolBySignalAndByWhatPodsTakeAndStaysSmall) {
  write_conf(2);
  RunningAgent agent(sim_.netns(1), sim_.state_dir(1), {"--eni-conf", eni_conf()},
                     sim_.environment());
  EXPECT_TRUE(eventually([&] { return free_addresses() >= 2; }, seconds(90))) << agent.log();

  write_conf(5);
  agent.signal(SIGHUP);
  EXPECT_TRUE(eventually([&] { return free_addresses() >= 5; }, seconds(90))) << agent.log();

  // A pod takes an address: the pool is filled again without being asked, as the file says by then.
  write_conf(6);
  ipam::Store store(sim_.state_dir(1), {});
  const auto claimed = store.claim_from_enis(
      {.owner = {.container_id = "pod-a", .if_name = "eth0"}, .families = {base::Family::kIpv4}},
      [](const base::IpAddress&) { return false; });
  ASSERT_TRUE(claimed.ok() && claimed->has_value());
  EXPECT_TRUE(eventually([&] { return free_addresses() >= 6; }, seconds(90))) << agent.log();

  const json grown = agent.ask({{"duty", "pool.grow"}, {"args", {{"demand", 7}}}});
  EXPECT_TRUE(grown.contains("result")) << grown;
  EXPECT_GE(free_addresses(), 7U);

  EXPECT_TRUE(
      eventually([&] { return agent.metric("process_resident_memory_bytes") <= 15.0 * 1048576; },
                 seconds(30)));
  std::printf("resident %.1f MiB after cloud calls\n",
              agent.metric("process_resident_memory_bytes") / 1048576);
  const auto [status, time] = agent.stop();
  EXPECT_EQ(status, 0);
  EXPECT_LT(time, seconds(1));
}

TEST_F(DaemonAndCloud, AnEniConfThatIsBrokenByAnEditLeavesTheOldOneInForce) {
  write_conf(2);
  RunningAgent agent(sim_.netns(1), sim_.state_dir(1), {"--eni-conf", eni_conf()},
                     sim_.environment());
  EXPECT_TRUE(eventually([&] { return free_addresses() >= 2; }, seconds(90))) << agent.log();
  EXPECT_EQ(agent.metric("catena_agent_eni_conf_in_force"), 1);

  std::ofstream(eni_conf()) << R"({"version": "1", "min_pool_size": "many"})";
  agent.signal(SIGHUP);
  const json grown = agent.ask({{"duty", "pool.grow"}, {"args", {{"demand", 4}}}});
  EXPECT_TRUE(grown.contains("result")) << grown;
  EXPECT_GE(free_addresses(), 4U);
  EXPECT_EQ(agent.metric("catena_agent_eni_conf_in_force"), 0);
  EXPECT_THAT(agent.log(), testing::HasSubstr("what it said before stays in force"));
  EXPECT_THAT(agent.log(), testing::HasSubstr("min_pool_size"));

  write_conf(6);
  EXPECT_TRUE(eventually(
      [&] {
        agent.ask({{"duty", "pool.keep"}, {"args", json::object()}});
        return free_addresses() >= 6;
      },
      seconds(90)))
      << agent.log();
  EXPECT_EQ(agent.metric("catena_agent_eni_conf_in_force"), 1);
}

TEST_F(DaemonAndCloud, KeepsAnIdleEniForPodsThatGetOneAsTheirOwn) {
  std::ofstream(eni_conf()) << json{{"version", "1"}, {"min_idle_eni", 1}}.dump();
  const RunningAgent agent(sim_.netns(1), sim_.state_dir(1),
                           {"--eni-conf", eni_conf(), "--pool", "enis"}, sim_.environment());
  ipam::Store store(sim_.state_dir(1), {});
  const auto claim = [&store] {
    return store.claim_eni(
        {.owner = {.container_id = "pod-a", .if_name = "eth0"}, .families = {base::Family::kIpv4}},
        [](const base::IpAddress&) { return false; });
  };
  EXPECT_TRUE(eventually(
      [&] {
        const auto claimed = claim();
        return claimed.ok() && claimed->has_value();
      },
      seconds(90)))
      << agent.log();
  EXPECT_TRUE(eventually([&] { return store.cloud().value().enis.size() == 2; }, seconds(90)))
      << "another one in its place: " << agent.log();
  for (const ipam::Eni& eni : store.cloud().value().enis) {
    EXPECT_EQ(eni.mode, ipam::kExclusiveMode) << "no addresses of shared ENIs are kept";
  }
  const json capacity = agent.ask({{"duty", "eni.capacity"}})["result"];
  EXPECT_EQ(capacity["inUse"], 1) << capacity;
  EXPECT_GE(capacity["capacity"], 2) << capacity;
  const json grown = agent.ask({{"duty", "eni.grow"}, {"args", {{"demand", 1}}}})["result"];
  EXPECT_EQ(grown["idle"], 1) << grown;
}

TEST_F(DaemonAndCloud, CarriesToAnEndWhatAKilledCallBegan) {
  ipam::Store store(sim_.state_dir(1), {});
  ipam::Intent intent;
  intent.key = "0b3c1d5e-begun-and-killed";
  intent.action = "delete-eni";
  intent.parameters = {{"eni", "eni-nowhere"}};
  ASSERT_TRUE(store.change({.put_intents = {intent}}).ok());
  const RunningAgent agent(sim_.netns(1), sim_.state_dir(1), {"--pool", "off"}, sim_.environment());
  EXPECT_TRUE(eventually([&] { return store.cloud().value().intents.empty(); }, seconds(120)))
      << agent.log();
  EXPECT_TRUE(eventually([&] {
    return agent.metric(R"(catena_agent_duty_runs_total{duty="recover",result="done"})") == 1;
  })) << agent.log();
}

}  // namespace
}  // namespace catena::test
