// The parts of what a pod is let through and marked by. Internal to this folder.
#pragma once

#include <vector>

#include "common/base/ip.h"
#include "common/base/result.h"
#include "common/firewall/plan.h"
#include "common/firewall/table.h"

namespace catena::firewall {

Plan guard_plan();
base::Result<std::vector<Change>> entering(const std::vector<Entry>& entries);

// From whatever slot they have; nothing for those that have this one.
base::Result<std::vector<Change>> marking(nl_sock* socket, const std::vector<base::IpAddress>& pods,
                                          int slot);

}  // namespace catena::firewall
