// One growth of the pool, from what was left unfinished to what is missing in the end.
#pragma once

#include <string>
#include <vector>

#include "agent/pool.h"
#include "agent/pool_view.h"

namespace catena::agent {

// What there must be at least.
struct PoolWish {
  int pods = 0;  // that could be served
  Families families;
  int enis = 0;
  int ipv4_prefixes = 0;
};

// Grows until `wish` is there, or can't be. Errors as of grow_pool().
base::Result<PoolGrown> grow_to(Duty& duty, const PoolWish& wish);

}  // namespace catena::agent
