// What the kernel of this node knows of an address.
#pragma once

#include "common/base/result.h"
#include "common/ipam/store.h"

namespace catena::agent {

// An address is in use when the node has a route to it alone: to a pod of any network, or to
// itself. Of the calling thread's network namespace; for one thread at a time.
base::Result<ipam::InUse> asking_the_kernel();

}  // namespace catena::agent
