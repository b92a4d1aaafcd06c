// One limit: the queue at the root of a link. Internal to this folder.
#pragma once

#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/netlink/filter.h"
#include "common/netlink/socket.h"
#include "common/shaping/shaping.h"

namespace catena::shaping {

struct Queue {
  netlink::Socket* socket;  // of the link's namespace
  netlink::Link link;       // the packets leave by it
  Limit limit;              // a rate of 0: no queue of ours
  const Subnets* subnets;
  netlink::AddressEnd peer;  // where packets that leave by it have the peer's address
};

base::Status set_queue(const Queue& queue);
// Only one of ours; also ok where there is none, or the link is gone.
base::Status remove_queue(netlink::Socket& socket, const netlink::Link& link);
base::Result<std::vector<std::string>> queue_differences(const Queue& queue);

}  // namespace catena::shaping
