// Making the pool of addresses grow, once for all pods of the node that wait.
#pragma once

#include <functional>
#include <optional>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/cni/plugin.h"
#include "common/ipam/store.h"
#include "plugins/multiip/settings.h"

namespace catena::multiip {

using TryClaim = std::function<base::Result<std::optional<ipam::EniAttachment>>()>;

// Waits until `claim` finds addresses. One waiter of the node at a time looks, and asks the agent
// for as many as all of them need where there is nothing; the others look again when it is over.
// A failure is everybody's for 10 s. kTryAgain, with what the cloud said, when there are none by
// the deadline.
base::Result<ipam::EniAttachment> claim_when_grown(const cni::Request& request,
                                                   const Settings& settings, const TryClaim& claim);

}  // namespace catena::multiip
