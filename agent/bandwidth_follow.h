// The duty bandwidth.follow: limits of pods that run follow their annotations.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "agent/registry.h"
#include "common/base/fields.h"
#include "common/base/result.h"

namespace catena::agent {

// Compares each pod that catena-bandwidth left a record of with its annotations, as the watch of
// pods or else the API server has them. {"changed":[...],"refused":[...]}: pods with other limits
// now, and annotations that are no limits, whose pods keep theirs. Of the calling thread's network
// namespace; pods' are found by their paths.
base::Result<nlohmann::json> answer_bandwidth_follow(LocalDuty& duty, base::Fields& args);

}  // namespace catena::agent
