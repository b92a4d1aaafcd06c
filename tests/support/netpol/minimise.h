// The smallest cluster in which something still goes wrong.
#pragma once

#include <functional>

#include "tests/support/netpol/cluster.h"

namespace catena::test::netpol {

// Takes away what can be taken away while `fails` says that it still fails, and the objects stay
// such that the API server would take them. `fails(cluster)` is true to begin with.
Cluster smallest(Cluster cluster, const std::function<bool(const Cluster&)>& fails);

}  // namespace catena::test::netpol
