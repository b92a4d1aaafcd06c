// The pool: addresses of shared ENIs that pods get without asking the cloud. docs/pool.md says what
// the three duties do. Only one of them, and of the other duties that change ENIs, may run on a
// node at a time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/duties.h"

namespace catena::agent {

// What each pod needs, all of one ENI.
struct Families {
  bool ipv4 = true;
  bool ipv6 = false;
};

struct PoolDemand {
  int pods = 0;
  Families families;
};

struct PoolGrown {
  std::vector<std::string> enis;  // that got addresses, new ones included
  int ipv4 = 0;                   // addresses that are new
  int ipv6 = 0;
  int missing = 0;                 // pods that still could not be served
  std::optional<base::Error> why;  // of those
};
// Makes the pool serve so many pods at once, by what is missing only. An error when nothing could
// be added; it has the cloud's code, or Catena.Limit where the node is full.
base::Result<PoolGrown> grow_pool(Duty& duty, const PoolDemand& demand);

// What the daemon remembers from one keep_pool() to the next.
struct PoolMemory {
  std::optional<Millis> reclaimed;  // when idle_ip_reclaim_* took something last
};

struct PoolKept {
  PoolGrown grown;
  std::vector<std::string> released_enis;
  int released_ipv4 = 0;  // addresses, those of the ENIs included
  int released_ipv6 = 0;
  int idle = 0;  // pods that could be served now
};
// Keeps the pool between its bounds; `pending` pods of this node are about to ask for addresses.
// Nothing is given back while the cloud does not answer.
base::Result<PoolKept> keep_pool(Duty& duty, int pending, PoolMemory& memory);

// recover() for ENIs, and then: addresses that store, kernel and metadata disagree about are
// quarantined or set free again, records of ENIs that are gone are dropped. An error only where the
// store can't be read.
base::Result<Recovered> sync_pool(Duty& duty);

}  // namespace catena::agent
