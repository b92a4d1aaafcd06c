// How many calls this node may make: the account's limits are shared by all nodes, so each keeps
// to a share of them, and all processes of a node together to one share.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/cloud/pace.h"

namespace catena::cloud {

// Code of a call that was not made, because the node's share is spent (class kThrottled).
inline constexpr std::string_view kNodeThrottled = "Throttling.Node";

// Calls per minute, by action ("AssignPrivateIpAddresses").
using RateLimits = std::map<std::string, int, std::less<>>;

// A tenth of what an account can be expected to have; "" is the limit of every other action.
const RateLimits& default_rate_limits();

// Each action has a number of calls per calendar minute, spaced evenly but for a burst of a sixth.
// Counts in one small locked file in `directory`, which processes share. A torn, foreign or future
// file counts as empty: the worst of it is one minute's calls twice. Safe with any number of
// processes, threads and RateBudgets on one directory.
class RateBudget {
 public:
  // Touches nothing yet. `overrides` replace defaults, one by one (eni.conf's rate_limit).
  RateBudget(std::string directory, Pace& pace, const RateLimits& overrides = {});

  // Waits until `action` may be called, and counts the call. kTryAgain, at once and uncounted, when
  // that would take longer than `patience`; other errors when the file can't be used.
  base::Status take(std::string_view action, std::chrono::milliseconds patience);

  // The cloud refused `action` for its rate: no process calls it for `wait` from now.
  base::Status hold_back(std::string_view action, std::chrono::milliseconds wait);

  // Calls of `action` per calendar minute.
  int limit_of(std::string_view action) const;

 private:
  std::string directory_;
  Pace* pace_;
  RateLimits limits_;
};

}  // namespace catena::cloud
