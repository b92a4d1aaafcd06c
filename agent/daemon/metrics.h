// What the daemon tells of itself, in Prometheus' text format.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/daemon/desk.h"
#include "agent/daemon/policy_counts.h"
#include "common/base/result.h"
#include "common/ipam/store.h"

namespace catena::agent {

// What was counted beside the desk's counts. -1 where nothing is known.
struct Tally {
  std::uint64_t repairs = 0;                       // runs that mended something
  std::uint64_t lost = 0;                          // things of ours that were mended
  std::uint64_t failed_repairs = 0;                // things that could not be
  std::map<std::string, std::uint64_t> collected;  // by kind of garbage
  int doubtful = -1;
  int conflist = -1;    // 1: in place
  int eni_conf = -1;    // 1: as it is now it is in force
  int api_synced = -1;  // 1: the pods of this node are known
  int pods_pending = -1;
  std::optional<PolicyCounts> policy;
};

// `records` is an error where the store could not be read.
std::string metrics_text(const std::map<std::string_view, DutyCount>& duties, const Tally& tally,
                         const base::Result<std::vector<ipam::Record>>& records);

}  // namespace catena::agent
