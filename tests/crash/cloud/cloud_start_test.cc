// All nodes of a cluster start at once, on one account's limits: each looks at itself, takes an ENI
// with addresses and makes sure of its route entry. In virtual time.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>

#include <gtest/gtest.h>

#include "common/cloud/rate_budget.h"
#include "tests/crash/cloud/turns.h"
#include "tests/support/cloud/sim_cloud.h"

namespace catena::crash {
namespace {

using test::Millis;
using test::SimCloud;

constexpr int kNodes = 200;
constexpr Millis kPatience = std::chrono::minutes(60);

struct NodeStart {
  std::string trouble;  // empty: served
  Millis described{0};
  Millis grown{0};
  Millis routed{0};
};

class Cluster {
 public:
  Cluster()
      : scene_(make_scene()),
        cloud_(scene_),
        turns_(cloud_.world(), cloud_.gateway()),
        keys_(cloud_.credentials()),
        starts_(kNodes) {}

  void start_all() {
    std::mt19937_64 random(1);
    for (std::size_t i = 0; i < starts_.size(); ++i) {
      const Millis at(static_cast<Millis::rep>(random() % 3'000));
      turns_.add(at, [this, i] { live(i); });
    }
    turns_.run();
  }

  const std::vector<NodeStart>& starts() const { return starts_; }
  SimCloud& cloud() { return cloud_; }
  Millis elapsed() const { return turns_.elapsed(); }

 private:
  static sim::Scene make_scene() {
    sim::Scene scene = sim::default_scene(kNodes);
    scene.limits.enis = 500;
    return scene;
  }

  void live(std::size_t i) {
    const sim::SceneInstance& instance = scene_.instances[i];
    TurnPace pace(turns_);
    sim::SimTransport transport(cloud_.world(), cloud_.gateway(), cloud_.metadata(), pace,
                                instance.id);
    const std::string directory = dir_.path() + "/" + instance.name;
    std::filesystem::create_directory(directory);
    cloud::RateBudget rates(directory, pace);
    cloud::ClientOptions options;
    options.endpoints.region = scene_.region;
    options.seed = i + 1;
    cloud::Client client(transport, pace, keys_, &rates, options);
    ipam::Store store(directory, {});
    const agent::Settings settings = test::settings_of(scene_, instance, i + 1);
    agent::Duty duty(store, client, settings, kPatience);
    const base::Status served = serve(duty, i);
    if (!served.ok()) {
      starts_[i].trouble = instance.name + ": " + served.error().text();
    }
  }

  base::Status serve(agent::Duty& duty, std::size_t i) {
    TRY(agent::describe(duty));
    starts_[i].described = turns_.elapsed();
    TRY(agent::grow(duty, {.eni = {}, .ipv4 = 9, .ipv6 = 0, .mode = "shared", .purpose = "pool"}));
    starts_[i].grown = turns_.elapsed();
    const std::string cidr = "172.30." + std::to_string(i) + ".0/24";
    TRY(agent::ensure_route(duty, {.cidr = base::Prefix::parse(cidr).value(), .table = {}}));
    starts_[i].routed = turns_.elapsed();
    return {};
  }

  sim::Scene scene_;
  SimCloud cloud_;
  Turns turns_;
  test::FixedKeys keys_;
  test::TempDir dir_;
  std::vector<NodeStart> starts_;
};

std::string seconds(Millis time) { return std::to_string(time.count() / 1000) + " s"; }

TEST(CloudStart, TwoHundredNodesAtOnceAreAllServed) {
  Cluster cluster;
  cluster.start_all();
  NodeStart last;
  for (const NodeStart& start : cluster.starts()) {
    EXPECT_EQ(start.trouble, "");
    last.described = std::max(last.described, start.described);
    last.grown = std::max(last.grown, start.grown);
    last.routed = std::max(last.routed, start.routed);
  }
  std::printf(
      "%d nodes: described after %s, ENIs in use after %s, route entries available after "
      "%s\n",
      kNodes, seconds(last.described).c_str(), seconds(last.grown).c_str(),
      seconds(last.routed).c_str());
  std::map<std::string, std::uint64_t> refused;
  for (const auto& [action, count] : cluster.cloud().gateway().counts()) {
    std::printf("%-36s %6llu calls, %6llu answered", action.c_str(),
                static_cast<unsigned long long>(count.calls),
                static_cast<unsigned long long>(count.answered));
    for (const auto& [code, times] : count.refused) {
      std::printf(", %s %llu", code.c_str(), static_cast<unsigned long long>(times));
      refused[action] += times;
    }
    std::printf("\n");
  }
  EXPECT_TRUE(cluster.cloud().world().orphans().empty());
  // The VPC makes one entry after the other, so the others must be refused meanwhile; how often is
  // a matter of patience. All else is refused for its rate at most, and at most once.
  EXPECT_LE(refused["CreateRouteEntry"], std::uint64_t{10} * kNodes);
  refused.erase("CreateRouteEntry");
  for (const auto& [action, times] : refused) {
    EXPECT_LE(times, static_cast<std::uint64_t>(kNodes) / 2) << action;
  }
}

}  // namespace
}  // namespace catena::crash
