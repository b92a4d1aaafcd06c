// Flows that the kernel remembers of addresses whose pod is gone: whoever gets the address next
// must not inherit them.
#pragma once

#include <string>
#include <vector>

#include "common/base/ip.h"
#include "common/base/result.h"
#include "common/netpol/record.h"

namespace catena::agent {

// All of these are of the calling thread's namespace. A failure is a notice: it keeps no pod from
// starting.

void forget_connections_of(const std::vector<base::IpAddress>& addresses,
                           std::vector<std::string>& notices);

// Of a pod that is added, before anything lets it through: of those of its addresses that a pod
// left, and those that another pod had until now (`taken`).
void forget_inherited(const netpol::Records& records, const netpol::Record& added,
                      const std::vector<base::IpAddress>& taken, std::vector<std::string>& notices);

// Of all addresses that pods left and no pod has by now, `more` among them. Tries for 5 s; after
// that they count as forgotten all the same.
void forget_left(const netpol::Records& records, std::vector<base::IpAddress> more,
                 std::vector<std::string>& notices);

// Addresses of the store that pods had and have no more, or will have.
std::vector<base::IpAddress> addresses_without_pod(const std::string& state_dir,
                                                   std::vector<std::string>& notices);

}  // namespace catena::agent
