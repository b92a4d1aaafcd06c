// A node of the simulated cloud that does duties, in virtual time: what it waits is counted, not
// waited.
#pragma once

#include <chrono>
#include <string>

#include "tests/support/cloud/sim_cloud.h"

namespace catena::bench {

class VirtualNode {
 public:
  // The first instance of the scene; its seed is the client's too.
  explicit VirtualNode(const sim::Scene& scene);

  agent::Duty duty() { return {store_, client_, settings_, std::chrono::minutes(10)}; }
  std::chrono::milliseconds elapsed() const { return pace_.elapsed(); }
  // Of an action, that reached the cloud.
  double calls(const std::string& action);
  // The NIC of an ENI shows when the cloud has plugged it in.
  bool has_nic(const base::Mac& mac);

 private:
  test::SimCloud cloud_;
  sim::VirtualPace pace_;
  test::KillPoints never_;
  test::MortalClock clock_;
  sim::SimTransport transport_;
  test::FixedKeys keys_;
  cloud::Client client_;
  agent::Settings settings_;
  test::TempDir dir_;
  ipam::Store store_;
};

}  // namespace catena::bench
