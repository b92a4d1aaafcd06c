// The verbs of catena-eni.
#pragma once

#include "common/base/result.h"
#include "common/cni/plugin.h"

namespace catena::eni {

// The result of the plugins before it, or an empty one, for a pod that gets no ENI: the next plugin
// of the chain serves it.
base::Result<cni::AddResult> add(const cni::Request& request);
base::Status del(const cni::Request& request);
base::Status check(const cni::Request& request);
base::Status gc(const cni::Request& request);
base::Status status(const cni::Request& request);

}  // namespace catena::eni
