// What the pool gives back.
#pragma once

#include <chrono>
#include <vector>

#include "agent/pool.h"

namespace catena::agent {

// So long a surplus must have lasted before it is given back: pods that come and go in between
// cost no call.
inline constexpr std::chrono::minutes kSurplusLasts{5};

// An ENI that serves pods, with all its records.
struct IdleEni {
  ipam::Eni eni;
  std::vector<ipam::Record> records;
};

// How many pods could be served by addresses that were free for `idle_for`.
int idle_pods(const ipam::Store& store, const std::vector<IdleEni>& enis, const Families& families,
              std::chrono::nanoseconds idle_for);

struct Surplus {
  int pods = 0;  // whose addresses may be given back, at most
  Families families;
  std::chrono::nanoseconds idle_for{};  // only addresses that were free so long
  int enis = 0;                         // whole ENIs that may go
};

// Gives back whole ENIs where those are surplus, then addresses and whole blocks of the ENIs with
// fewest pods. Each ENI is looked at first, so nothing changes while the cloud does not answer;
// what the kernel knows is quarantined instead. Adds to `kept` what went.
base::Status shrink(Duty& duty, std::vector<IdleEni> enis, Surplus surplus, PoolKept& kept);

}  // namespace catena::agent
