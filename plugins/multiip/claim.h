// Addresses for a pod, on an ENI that is ready on the host.
#pragma once

#include <vector>

#include "common/base/ip.h"
#include "common/base/result.h"
#include "common/cni/plugin.h"
#include "common/enilink/routing.h"
#include "common/ipam/store.h"
#include "plugins/multiip/settings.h"

namespace catena::multiip {

struct Placed {
  ipam::Eni eni;
  enilink::EniLink link;
  std::vector<base::IpAddress> addresses;
};

// From the store, and from a pool that grows where the store has none. An ENI whose link is not on
// the node is passed over for the next one; kTryAgain when there is no other.
base::Result<Placed> place(const cni::Request& request, const Settings& settings,
                           const enilink::Kernel& kernel, const enilink::Routing& routing);

}  // namespace catena::multiip
