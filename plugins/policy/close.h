// What the plugin does to the kernel by itself, for a pod whose policies nobody could tell.
#pragma once

#include "common/base/result.h"
#include "common/netpol/record.h"
#include "plugins/policy/settings.h"

namespace catena::policy {

// The pod is isolated in both directions, and nothing is allowed but what its own node begins:
// until the agent knows more. kTryAgain where only the agent could do it.
base::Status shut(const netpol::Record& record, firewall::Backend backend);

// The kernel forgets the flows of pods that had one of its addresses and are gone, where nobody has
// seen to it yet: before anything lets this pod through. Does nothing else than look at files where
// there are none.
base::Status forget_inherited(const netpol::Records& records, const netpol::Record& record);

// Guards let the pod pass; nothing else is said of it. Success where there is no guard.
base::Status let_pass(const netpol::Record& record);

}  // namespace catena::policy
