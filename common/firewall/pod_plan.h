// The parts of what a pod is let through and marked by. Internal to this folder.
#pragma once

#include <string>
#include <vector>

#include "common/base/ip.h"
#include "common/base/result.h"
#include "common/firewall/plan.h"
#include "common/firewall/table.h"

namespace catena::firewall {

Set entered_set(base::Family family);
// Names of NICs inside a pod's namespace that are guarded and under policies.
Set nics_set();
// The rule ends unless it is ICMPv6 133 to 137, by which neighbours find each other.
Expressions& add_is_neighbour_discovery(Expressions& expressions);

Plan guard_plan();
Plan nic_guard_plan(const std::string& if_name);
base::Result<std::vector<Change>> entering(const std::vector<Entry>& entries);
// Lets them expire, or removes them where the kernel (before 6.12) can't. Those that are not
// entered don't matter.
base::Status close_guard(nl_sock* socket, const std::vector<Entry>& entries);

// From whatever slot they have; nothing for those that have this one.
base::Result<std::vector<Change>> marking(nl_sock* socket, const std::vector<base::IpAddress>& pods,
                                          int slot);

}  // namespace catena::firewall
