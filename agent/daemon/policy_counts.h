// What the daemon tells of its NetworkPolicies.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace catena::agent {

struct PolicyCounts {
  // Upper bounds in seconds, from hearing of a change to the kernel's acknowledgement.
  static constexpr std::array<double, 10> kBounds{0.001, 0.0025, 0.005, 0.01, 0.025,
                                                  0.05,  0.1,    0.25,  1,    10};

  std::size_t policies = 0;
  std::size_t namespaces = 0;
  std::size_t pods = 0;      // of the cluster
  std::size_t subjects = 0;  // pods of this node under policy
  bool synced = false;
  std::size_t behind = 0;       // subjects whose rules could not be written as they should be
  std::uint64_t writes = 0;     // that had something to do
  std::uint64_t failures = 0;   // writes that failed
  std::uint64_t disturbed = 0;  // writes that found that somebody had touched the rules
  std::uint64_t revoked = 0;    // flows that were cut
  std::array<std::uint64_t, kBounds.size() + 1> latency{};  // the last one: longer
  double latency_sum = 0;

  void count(std::chrono::duration<double> taken);
};

}  // namespace catena::agent
