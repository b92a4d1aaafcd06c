#include "agent/nics.h"

#include <memory>

#include "common/netlink/socket.h"
#include "common/podnic/pod_nic.h"

namespace catena::agent {

base::Result<Duty::AtHome> looking_for_nics() {
  const auto node = std::make_shared<netlink::Socket>(TRY(netlink::Socket::open()));
  return Duty::AtHome([node](const base::Mac& nic) -> base::Result<bool> {
    return TRY(podnic::find_nic(*node, nic)).has_value();
  });
}

}  // namespace catena::agent
