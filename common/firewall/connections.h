// What connection tracking remembers of addresses whose pod is gone.
#pragma once

#include <vector>

#include "common/base/ip.h"
#include "common/base/result.h"

namespace catena::firewall {

// Afterwards the kernel knows no flow that one of these addresses is an end of, as it was sent or
// after DNAT: what comes next is a new connection, and judged. Of the calling thread's namespace.
// kUnsupported where the kernel does not let connection tracking be changed.
base::Status forget_connections(const std::vector<base::IpAddress>& addresses);
// The same for kernels that can't choose flows by address themselves: reads them all.
base::Status forget_connections_one_by_one(const std::vector<base::IpAddress>& addresses);

}  // namespace catena::firewall
