// NICs of ENIs, found by their MAC, whatever they are called.
#pragma once

#include <chrono>
#include <optional>

#include "common/base/mac.h"
#include "common/base/result.h"
#include "common/netlink/socket.h"

namespace catena::enilink {

// Whether it may be an ENI's NIC: not a link that was made on top of one and took its MAC over.
bool is_nic(const netlink::Link& link);

// The NIC with this MAC in the socket's namespace; nothing where there is none. A dump of links.
base::Result<std::optional<netlink::Link>> find_nic(netlink::Socket& socket, const base::Mac& mac);
// Waited for as long as `patience`, by what the kernel tells of links. The calling thread's
// namespace must be that of `node`.
base::Result<std::optional<netlink::Link>> await_nic(netlink::Socket& node, const base::Mac& mac,
                                                     std::chrono::milliseconds patience);

}  // namespace catena::enilink
