// Having something made that the store has none of, once for all pods of the node that wait for it:
// addresses of shared ENIs, ENIs of their own.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "common/attachment/waiting.h"
#include "common/base/ip.h"
#include "common/base/result.h"
#include "common/cni/plugin.h"

namespace catena::attachment {

struct Growth {
  std::string duty;  // "pool.grow"
  std::function<std::string(const Demand&)> args = &demand_as_json;
  std::string state_dir;
  std::string eni_conf;                // empty: where the agent looks by itself
  std::vector<base::Family> families;  // that this pod needs
  std::chrono::milliseconds patience{0};
  // Who waits for the same thing has the same: part of the names of their files (docs/store.md).
  std::string queue;
  std::string failed;   // begins every error: "no address is free, and the pool can't grow"
  std::string missing;  // what there is none of although it grew: "free address"
};

// Looks, and says whether there was something, which it keeps.
using TryClaim = std::function<base::Result<bool>()>;

// Waits until `claim` finds something. One waiter of the node at a time looks, and asks the agent
// for as much as all of them need where there is nothing; the others look again when it is over. A
// failure is everybody's for 10 s. kTryAgain, with what the cloud said, when there is nothing by
// the deadline.
base::Status claim_when_grown(const cni::Request& request, const Growth& growth,
                              const TryClaim& claim);

}  // namespace catena::attachment
