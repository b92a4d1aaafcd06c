// The decisions of Store::claim_from_enis, Store::claim_eni and Store::stock.
#pragma once

#include <optional>
#include <vector>

#include "common/ipam/transaction.h"

namespace catena::ipam {

// kInternal or kBadEnvironment for a claim no store could serve.
base::Status check(const EniClaim& claim);
base::Result<std::optional<EniAttachment>> claim_eni_addresses(Update& update,
                                                               const EniClaim& claim,
                                                               const InUse& in_use);
base::Result<std::optional<EniAttachment>> claim_whole_eni(Update& update, const EniClaim& claim,
                                                           const InUse& in_use);
base::Result<std::vector<EniStock>> stock_of(Update& update);

}  // namespace catena::ipam
