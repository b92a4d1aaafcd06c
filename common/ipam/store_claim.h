// The decisions of Store::claim.
#pragma once

#include <vector>

#include "common/ipam/transaction.h"

namespace catena::ipam {

// kBadConfig or kBadEnvironment for a claim no store could serve.
base::Status check(const Claim& claim);
base::Result<std::vector<Record>> claim_addresses(Update& update, const Claim& claim,
                                                  const InUse& in_use);

}  // namespace catena::ipam
