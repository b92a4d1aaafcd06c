#include "agent/nics.h"

#include <algorithm>
#include <memory>

#include "common/netlink/socket.h"
#include "common/podlink/names.h"

namespace catena::agent {

base::Result<Duty::AtHome> looking_for_nics() {
  const auto node = std::make_shared<netlink::Socket>(TRY(netlink::Socket::open()));
  return Duty::AtHome([node](const base::Mac& nic) -> base::Result<bool> {
    const std::vector<netlink::Link> links = TRY(node->list_links());
    return std::ranges::any_of(links, [&nic](const netlink::Link& link) {
      return link.mac == nic && !link.name.starts_with(podlink::kHostLinkPrefix);
    });
  });
}

}  // namespace catena::agent
