// A node of a simulated cloud, whose processes are killed by chance until it is calm.
#pragma once

#include <functional>
#include <random>
#include <string>

#include "tests/crash/cloud/node_pods.h"
#include "tests/crash/cloud/story.h"
#include "tests/support/cloud/sim_cloud.h"

namespace catena::crash {

class MortalNode {
 public:
  using Work = std::function<base::Status(agent::Duty&)>;

  // Cloud and settings are the seed's; what it does `tells`.
  MortalNode(std::uint64_t seed, bool tells);

  int below(int bound);
  bool one_in(int n) { return below(n) == 0; }
  std::mt19937_64& random() { return random_; }

  test::SimCloud& cloud() { return cloud_; }
  const agent::PoolSettings& pool() const { return settings_.pool; }
  NodePods& pods() { return pods_; }
  const Story& story() const { return story_; }
  ipam::Store open_store();
  void sleep(test::Millis time) { real_pace_.sleep(time); }
  void reboot();
  // Neither kills nor failures of the cloud from now on.
  void calm();

  // A new process: everything it knew is in the store. How it ended: "done", "failed" or "killed".
  std::string process(const std::string& name, const Work& work);

 private:
  base::Status run_duty(const Work& work);

  std::mt19937_64 random_;
  sim::Scene scene_;
  test::SimCloud cloud_;
  sim::VirtualPace real_pace_;
  test::KillPoints points_;
  test::MortalPace pace_;
  test::MortalClock clock_;
  sim::SimTransport sim_transport_;
  test::MortalTransport transport_;
  test::FixedKeys keys_;
  cloud::Metadata metadata_;
  agent::Settings settings_;
  Story story_;
  NodePods pods_;
  test::TempDir dir_;
  int boot_ = 1;
  bool deadly_ = true;
};

}  // namespace catena::crash
