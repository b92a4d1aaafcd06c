// An exclusive ENI for a pod, with its NIC on the node.
#pragma once

#include "common/base/result.h"
#include "common/cni/plugin.h"
#include "common/ipam/store.h"
#include "common/netlink/socket.h"
#include "plugins/eni/settings.h"

namespace catena::eni {

struct Claimed {
  ipam::EniAttachment held;
  netlink::Link nic;
};

// From the store, and from the cloud where the store has none. An ENI whose NIC does not come is
// passed over for the next one; kTryAgain when there is no other.
base::Result<Claimed> claim(const cni::Request& request, const Settings& settings,
                            netlink::Socket& node);

}  // namespace catena::eni
