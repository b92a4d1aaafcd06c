#include "agent/kernel.h"

#include <memory>
#include <utility>

#include "common/netlink/socket.h"

namespace catena::agent {

base::Result<ipam::InUse> asking_the_kernel() {
  const auto node = std::make_shared<netlink::Socket>(TRY(netlink::Socket::open()));
  return ipam::InUse([node](const base::IpAddress& address) -> base::Result<bool> {
    const base::Result<netlink::Route> route = node->matching_route(address);
    if (!route.ok()) {
      return route.error().is(base::ErrorKind::kNotFound) ? base::Result<bool>(false)
                                                          : base::Result<bool>(route.error());
    }
    return route->destination.length() == address.bits();
  });
}

}  // namespace catena::agent
