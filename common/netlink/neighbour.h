// Permanent neighbours.
#pragma once

#include "common/base/ip.h"
#include "common/base/mac.h"
#include "common/netlink/link.h"
#include "common/netlink/request.h"

namespace catena::netlink {

// As `ip neigh` shows them: without multicast and broadcast entries, and with a known MAC.
struct Neighbour {
  base::IpAddress address;
  base::Mac mac;
  int if_index = 0;
  bool permanent = false;
};

// Replaces what the kernel had learnt.
Request add_permanent_neighbour(const Link& link, const base::IpAddress& address,
                                const base::Mac& mac);

}  // namespace catena::netlink
