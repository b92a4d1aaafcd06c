// STATUS: what tells whether an ADD now could succeed, from the store and the kernel alone. The
// errors are kNotAvailable.
#pragma once

#include <optional>
#include <vector>

#include "common/base/result.h"
#include "common/cni/plugin.h"
#include "common/firewall/table.h"
#include "common/ipam/store.h"

namespace catena::attachment {

// Nothing while the store is busy, which is no reason to call the node unready.
base::Result<std::optional<std::vector<ipam::EniStock>>> stock_at_hand(const cni::Request& request,
                                                                       ipam::Store& store);

// Whether nf_tables is there; with `marks`, whether packets are marked so already, or can be.
base::Status firewall_is_ready(const std::optional<firewall::MarkSettings>& marks);

}  // namespace catena::attachment
