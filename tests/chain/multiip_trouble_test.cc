// What happens to nodes in service: pods' plugins and the agent killed, reboots, consoles, late
// DELs.
#include <algorithm>
#include <cstdio>
#include <map>
#include <random>
#include <set>
#include <thread>

#include <gmock/gmock.h>

#include "common/ipam/store.h"
#include "tests/chain/in_service.h"
#include "tests/chain/shared_enis.h"

namespace catena::test {
namespace {

using base::IpAddress;

class InService : public testing::Test {
 protected:
  InService() : nodes_(1, shared_eni_scene(1)) {
    node().install_multiip({{"coolSeconds", 0}}, shared_eni_conf());
  }
  const SimNode& node() const { return nodes_[0]; }

  json call(const std::string& duty, const json& args = json::object()) const {
    const Outcome outcome =
        node().agent({duty, "--eni-conf", node().eni_conf(), "--args", args.dump()});
    EXPECT_EQ(outcome.exit_status, 0) << duty << ": " << outcome.err;
    return json::parse(outcome.out, nullptr, false);
  }
  std::set<std::string> bound() const {
    std::set<std::string> addresses;
    for (const ipam::Record& record : ipam::Store(node().state_dir(), {}).list().value()) {
      if (record.state == ipam::State::kBound) {
        addresses.insert(record.address.to_string());
      }
    }
    return addresses;
  }
  // By ENI, what the store has and what the simulated cloud has.
  using OfEnis = std::map<std::string, std::set<std::string>>;
  OfEnis in_store() const {
    OfEnis enis;
    ipam::Store store(node().state_dir(), {});
    for (const ipam::Eni& eni : store.cloud().value().enis) {
      enis[eni.id];
    }
    for (const ipam::Record& record : store.list().value()) {
      enis[record.pool].insert(record.address.to_string());
    }
    return enis;
  }
  OfEnis in_cloud() const {
    OfEnis enis;
    const json dump = nodes_.ctl({"dump"});
    for (const json& eni : dump.at("world").at("enis")) {
      if (eni.at("tags").contains("catena-owner") && eni.at("instance") == node().id()) {
        enis[eni.at("id")] = eni.at("ipv4").get<std::set<std::string>>();
      }
    }
    return enis;
  }
  std::set<std::string> in_kernel() const {
    std::istringstream lines(
        node().netns().sh("ip route show table 20200 | awk '{print $1}'; true"));
    return {std::istream_iterator<std::string>(lines), {}};
  }

  SimNodes nodes_;
};

TEST_F(InService, RandomKillsOfPluginsAndAgentEndInAgreementOfStoreKernelAndCloud) {
  std::mt19937 random(seed_of_run());
  const auto chance = [&](unsigned percent) { return random() % 100 < percent; };
  const int rounds = is_full_run() ? 1'000 : 60;
  allow_many_descriptors();
  stop(node(), start_together(node(), 4));  // so that not every kill meets a growing pool
  Agent agent(node());
  Pods living;
  int killed = 0;
  for (int round = 0; round < rounds; ++round) {
    if (chance(5)) {
      agent.kill();
      agent.start();
    }
    const auto after_ms = static_cast<unsigned>(chance(60) ? 1 + random() % 80 : 0);
    if (living.size() > 8 || (!living.empty() && chance(40))) {
      const std::size_t which = random() % living.size();
      const Outcome done = node().cnitool_killed_after(after_ms, "del", living[which]->netns);
      killed += done.exit_status == 0 ? 0 : 1;
      if (done.exit_status != 0) {
        node().cnitool_killed_after(0, "del", living[which]->netns);
      }
      retire(std::move(living[which]));
      living.erase(living.begin() + static_cast<std::ptrdiff_t>(which));
      continue;
    }
    auto pod = std::make_unique<Pod>();
    const Outcome done = node().cnitool_killed_after(after_ms, "add", pod->netns);
    killed += done.exit_status == 0 ? 0 : 1;
    if (done.exit_status == 0) {
      pod->addresses = {IpAddress::parse(address_in(json::parse(done.out))).value()};
      living.push_back(std::move(pod));
    } else {
      retire(std::move(pod));
    }
  }
  std::printf("%d ADDs and DELs, %d killed or failed, %zu pods live\n", rounds, killed,
              living.size());
  EXPECT_GT(killed, rounds / 20);
  agent.kill();

  // The kernel takes dead namespaces apart in its own time.
  EXPECT_TRUE(node().netns().sh_ok(
      "for i in $(seq 100); do [ $(ip -o link | grep -c ctn) = " + std::to_string(living.size()) +
      " ] && exit 0; sleep 0.1; done; exit 1"))
      << node().netns().sh("ip -d link");
  const json collected = call("gc", {{"olderThan", 0}});
  call("pool.sync");
  std::set<std::string> alive;
  for (const auto& pod : living) {
    alive.insert(pod->addresses.front().to_string());
  }
  EXPECT_EQ(bound(), alive) << collected;
  EXPECT_EQ(in_kernel(), alive) << collected;
  EXPECT_EQ(in_store(), in_cloud());
  for (const auto& pod : living) {
    EXPECT_EQ(node().cnitool("check", pod->netns).exit_status, 0);
  }
  stop(node(), living);
  EXPECT_EQ(node().netns().sh("ip -o link | grep ctn; true"), "");
}

TEST_F(InService, ALateDelOfAnOldSandboxFreesNothingOfTheNewOne) {
  const Pods old = start_together(node(), 1);
  ASSERT_FALSE(HasFailure());
  // The runtime gave up on the old sandbox, and its address went to a new pod meanwhile.
  ASSERT_EQ(node().cnitool("del", old[0]->netns).exit_status, 0);
  Pods young;
  do {
    young.push_back(std::make_unique<Pod>());
    young.back()->addresses = node().add_all(young.back()->netns);
    ASSERT_FALSE(HasFailure());
  } while (young.back()->addresses != old[0]->addresses && young.size() < kPodsANode);
  ASSERT_EQ(young.back()->addresses, old[0]->addresses);

  EXPECT_EQ(node().cnitool("del", old[0]->netns).exit_status, 0);
  EXPECT_THAT(bound(), testing::Contains(young.back()->addresses[0].to_string()));
  EXPECT_EQ(node().cnitool("check", young.back()->netns).exit_status, 0);
  EXPECT_TRUE(can_ping(node().netns(), young.back()->addresses[0].to_string()));
  stop(node(), young);
}

TEST_F(InService, AfterARebootPodsStartAtOnceThoughTheOpenApiIsDown) {
  Pods before = start_together(node(), 6);
  ASSERT_FALSE(HasFailure());
  // The machine comes back without a pod, a rule or an address on its ENIs.
  before.clear();
  node().netns().sh(
      "for l in $(ip -o link | grep -o 'ctn[a-z2-7]\\{12\\}' | sort -u); do ip link del $l; done; "
      "for t in 20200 20201 20202; do ip route flush table $t 2>/dev/null; done; "
      "ip rule flush; ip rule add pref 32766 lookup main; ip rule add pref 32767 lookup default; "
      "nft flush ruleset; for e in eth1 eth2; do ip link set $e down; ip addr flush dev $e; done; "
      "true");
  const NewBoot boot;
  nodes_.ctl({"fault", "what=refused", "count=-1"});

  const Pods after = start_together(node(), 6);
  EXPECT_EQ(bound().size(), 6U);
  ASSERT_FALSE(HasFailure());
  EXPECT_TRUE(can_ping(after[0]->netns, after[5]->addresses[0].to_string()));
  EXPECT_TRUE(can_ping(after[0]->netns, "192.168.15.253")) << "the vSwitch's gateway, by the ENI";
  stop(node(), after);
}

TEST_F(InService, AnEniDeletedInTheConsoleIsNotedAndTheNextPodsGetAnother) {
  Pods pods = start_together(node(), 2);
  ASSERT_FALSE(HasFailure());
  stop(node(), pods);
  ASSERT_EQ(in_cloud().size(), 1U);
  const std::string lost = in_cloud().begin()->first;
  nodes_.ctl({"detach_eni", "eni=" + lost});
  std::this_thread::sleep_for(std::chrono::seconds(8));
  nodes_.ctl({"delete_eni", "eni=" + lost});
  std::this_thread::sleep_for(std::chrono::seconds(5));
  call("pool.sync");
  EXPECT_EQ(in_store().count(lost), 0U);

  pods = start_together(node(), 2);
  ASSERT_FALSE(HasFailure());
  EXPECT_EQ(in_store(), in_cloud());
  stop(node(), pods);
}

TEST(ABusyDay, TwoHundredAndFiftyPodsAtOnceOnAnEmptyNodeAllStart) {
  const std::size_t pods = is_full_run() ? 250 : 60;
  json scene = shared_eni_scene(1);
  scene["instanceTypes"][0].merge_patch({{"enis", 10}, {"ipv4PerEni", 30}});
  const SimNodes nodes(1, scene);
  nodes[0].install_multiip(json::object(), shared_eni_conf({{"max_pool_size", 250}}));
  const Agent agent(nodes[0]);
  const auto begin = std::chrono::steady_clock::now();
  const Pods started = start_together(nodes[0], pods);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  ASSERT_FALSE(testing::Test::HasFailure());
  std::set<std::string> addresses;
  for (const auto& pod : started) {
    addresses.insert(pod->addresses.at(0).to_string());
  }
  EXPECT_EQ(addresses.size(), pods);
  const int created = carried_out(nodes, "CreateNetworkInterface");
  const int assigned = carried_out(nodes, "AssignPrivateIpAddresses");
  std::printf(
      "%zu pods in %.1f s of the cloud's time and ours: %d ENIs made, %d more assign calls\n", pods,
      took.count(), created, assigned);
  EXPECT_LE(assigned, static_cast<int>(2 * pods / 100 + 2));
  stop(nodes[0], started);
}

}  // namespace
}  // namespace catena::test
