// The cluster for one call without a daemon.
#pragma once

#include <string>
#include <vector>

#include "agent/policy/enforcer.h"
#include "agent/registry.h"
#include "common/base/clock.h"
#include "common/base/result.h"

namespace catena::agent {

// Objects of the last snapshot, and pods by their records. Where there is no snapshot the API
// server is asked for everything, once: the answer is the next call's snapshot. kNotAvailable where
// neither is to be had. With the enforcer's lock held.
base::Status load_cluster(LocalDuty& duty, const base::Deadline& deadline, Enforcer& enforcer);

}  // namespace catena::agent
