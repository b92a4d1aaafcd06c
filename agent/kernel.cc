#include "agent/kernel.h"

#include <memory>
#include <utility>

#include "common/attachment/add.h"
#include "common/netlink/socket.h"

namespace catena::agent {

base::Result<ipam::InUse> asking_the_kernel() {
  const auto node = std::make_shared<netlink::Socket>(TRY(netlink::Socket::open()));
  return ipam::InUse([node, ask = attachment::known_to_kernel(*node)](
                         const base::IpAddress& address) { return ask(address); });
}

}  // namespace catena::agent
