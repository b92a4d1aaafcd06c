// The verbs of catena-policy.
#pragma once

#include "common/base/result.h"
#include "common/cni/plugin.h"

namespace catena::policy {

base::Result<cni::AddResult> add(const cni::Request& request);
base::Status del(const cni::Request& request);
base::Status check(const cni::Request& request);
base::Status gc(const cni::Request& request);
base::Status status(const cni::Request& request);

}  // namespace catena::policy
