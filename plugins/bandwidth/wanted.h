// Which limits a pod is to have, whoever says so.
#pragma once

#include "common/base/result.h"
#include "common/cni/plugin.h"
#include "common/shaping/shaping.h"
#include "plugins/bandwidth/settings.h"

namespace catena::bandwidth {

enum class AskAgent { kNo, kWhereToldNothing };

// In this order: the configuration's own rates, alone; each direction of runtimeConfig.bandwidth;
// annotations of the pod, which the runtime hands over or, where it was to (capabilities) and did
// not, a running agent is asked for (not waited for: without an answer there is no limit, and the
// log says so). kBadConfig for what can't be a limit.
base::Result<shaping::Rates> wanted_rates(const cni::Request& request, const Settings& settings,
                                          AskAgent ask);

}  // namespace catena::bandwidth
