// Where the NICs of ENIs are.
#pragma once

#include "agent/duty.h"
#include "common/base/result.h"

namespace catena::agent {

// Looks in the calling thread's network namespace, which is the node's.
base::Result<Duty::AtHome> looking_for_nics();

}  // namespace catena::agent
