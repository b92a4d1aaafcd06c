#include "agent/nics.h"

#include <memory>

#include "common/enilink/nic.h"
#include "common/netlink/socket.h"

namespace catena::agent {

base::Result<Duty::AtHome> looking_for_nics() {
  const auto node = std::make_shared<netlink::Socket>(TRY(netlink::Socket::open()));
  return Duty::AtHome([node](const base::Mac& nic) -> base::Result<bool> {
    return TRY(enilink::find_nic(*node, nic)).has_value();
  });
}

}  // namespace catena::agent
