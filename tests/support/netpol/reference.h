// NetworkPolicy as the API's text has it, in the plainest way; built from nothing that the suite's
// compiler is built from.
#pragma once

#include "tests/support/netpol/cluster.h"

namespace catena::test::netpol {

// Whether this node is to let the connection pass: what its own pods send, and what they are sent.
// Other nodes look to their own.
bool allowed(const Cluster& cluster, const Flow& flow);

}  // namespace catena::test::netpol
