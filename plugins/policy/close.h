// What the plugin does to the kernel by itself, for a pod whose policies nobody could tell.
#pragma once

#include "common/base/result.h"
#include "common/netpol/record.h"
#include "plugins/policy/settings.h"

namespace catena::policy {

// The pod is isolated in both directions, and nothing is allowed but what its own node begins:
// until the agent knows more. kTryAgain where only the agent could do it.
base::Status shut(const netpol::Record& record, firewall::Backend backend);

// Guards let the pod pass; nothing else is said of it. Success where there is no guard.
base::Status let_pass(const netpol::Record& record);

}  // namespace catena::policy
