// Flows that the kernel remembers of addresses whose pod is gone: whoever gets the address next
// must not inherit them.
#pragma once

#include <string>
#include <vector>

#include "common/base/ip.h"
#include "common/base/result.h"

namespace catena::agent {

// Of the calling thread's namespace. A failure is a notice: it keeps no pod from starting.
void forget_connections_of(const std::vector<base::IpAddress>& addresses,
                           std::vector<std::string>& notices);

// Addresses of the store that pods had and have no more, or will have.
std::vector<base::IpAddress> addresses_without_pod(const std::string& state_dir,
                                                   std::vector<std::string>& notices);

}  // namespace catena::agent
