// Which address a claim gets.
#pragma once

#include <optional>
#include <string>

#include "common/ipam/transaction.h"

namespace catena::ipam {

struct Candidate {
  base::IpAddress address;
  const Range* range = nullptr;
};

// The address of `set` to hand out next: one never used, in the order of the ranges, else the one
// free for longest. Nothing when there is none. The same again until a record of it is staged.
base::Result<std::optional<Candidate>> next_candidate(Update& update, const RangeSet& set);

// As Store::available; exact as to whether there is one.
base::Result<std::uint64_t> count_available(Update& update, const RangeSet& set);

// Those of the pool that still cool, which are the last ones of its list.
base::Result<std::uint64_t> count_cooling(Update& update, const PoolFacts& pool);

// "172.30.1.0/24 (254 addresses): 250 bound, 3 cooling, 1 quarantined".
base::Result<std::string> describe(Update& update, const RangeSet& set);

}  // namespace catena::ipam
