// What a firewall is to do with netpol::Rules, packet by packet.
#pragma once

#include <string>
#include <vector>

#include "common/netpol/rules.h"
#include "tests/support/netpol/cluster.h"

namespace catena::test::netpol {

// `node`: the node's own addresses, whose connections no pod of it is kept from.
bool passes(const catena::netpol::Rules& rules, const std::vector<base::IpAddress>& node,
            const Flow& flow);

// A sentence for each promise of common/netpol/rules.h that is broken.
std::vector<std::string> broken_promises(const catena::netpol::Rules& rules);

// What `have` becomes by `changes`. Throws std::runtime_error where they don't fit each other.
catena::netpol::Rules applied(catena::netpol::Rules have, const catena::netpol::Changes& changes);

}  // namespace catena::test::netpol
