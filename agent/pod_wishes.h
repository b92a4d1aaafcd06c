// The duty pod.wishes: what a pod asks for, for plugins whose runtime does not tell them.
#pragma once

#include <optional>

#include <nlohmann/json_fwd.hpp>

#include "agent/pods.h"
#include "agent/registry.h"
#include "common/base/fields.h"
#include "common/base/result.h"

namespace catena::agent {

// {"namespace":S,"name":S,"uid":S}; without a uid it is whoever has that name. Asks the API server:
// kNotFound where it has no such pod, kTryAgain where it is away.
base::Result<nlohmann::json> answer_pod_wishes(LocalDuty& duty, base::Fields& args);

std::optional<nlohmann::json> pod_wishes_at_once(const FindWishes& find, base::Fields& args);

}  // namespace catena::agent
