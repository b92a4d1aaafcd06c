// Whether a pod is to have an ENI of its own.
#pragma once

#include "common/base/result.h"
#include "common/cni/plugin.h"
#include "plugins/eni/settings.h"

namespace catena::eni {

// Asked of the configuration, the runtime, kubelet's note of its devices, the agent, in that order,
// until one knows. kTryAgain, saying why, where none does and `fallback` is to fail.
base::Result<bool> wants_eni(const cni::Request& request, const Settings& settings);

}  // namespace catena::eni
