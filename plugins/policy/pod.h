// The pod as NetworkPolicy sees it: which pod, which addresses, and where its packets can be
// judged.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/cni/plugin.h"
#include "common/firewall/policies.h"
#include "common/firewall/table.h"
#include "common/netpol/record.h"
#include "plugins/policy/settings.h"

namespace catena::policy {

// From the result of the plugins before this one; only where another suite's plugin made the
// interface does it look at the kernel. kBadConfig where the result has no such interface, or no
// address on it.
base::Result<netpol::Record> record_of(const cni::Request& request, const Settings& settings);

// What a pod is let through the guard of that place by; none where no guard looks at it.
std::vector<firewall::Entry> entries_of(const netpol::Record& record, firewall::Place place);

// The node first; then, for a pod with a NIC of its own, inside its namespace.
std::vector<firewall::Place> places_of(const netpol::Record& record);

// Runs `work` where the place's packets are judged. kNotFound or kBadNetns where the pod's
// namespace is gone, or its path became something else.
base::Status run_in(firewall::Place place, const netpol::Record& record,
                    const std::function<base::Status()>& work);

// Whether the error of run_in() says that there is no such pod any more.
bool is_gone(const base::Error& error);

}  // namespace catena::policy
