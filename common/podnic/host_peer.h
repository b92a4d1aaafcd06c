// The second link of a pod that has a NIC of its own: to the node itself, and by it to services
// (docs/datapath.md).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/enilink/numbers.h"
#include "common/firewall/marks.h"
#include "common/firewall/table.h"
#include "common/netlink/socket.h"
#include "common/podlink/node.h"
#include "common/podlink/pod_link.h"
#include "common/podnic/pod_nic.h"

namespace catena::podnic {

inline constexpr const char* kPeerName = "veth1";  // in the pod

struct HostPeer {
  std::vector<base::Prefix> destinations;  // reached through the node, beside its own addresses
  podlink::Node node;
  int slot = 0;  // of the ENI
  firewall::MarkSettings marks;
};

// The node's end, as common/podlink and the firewall see it.
podlink::PodLink host_link_of(const PodNic& nic);

// Both ends, down. What a killed ADD left of our name must be gone (remove_host_peer).
base::Result<podlink::Ends> create_host_peer(netlink::Socket& node, netlink::Socket& pod,
                                             const netlink::NetNs& sandbox, const PodNic& nic);
// Routes that carry `src <pod address>`, gateway neighbours, rp_filter 2; up. The NIC must have its
// addresses.
base::Status configure_pod_peer(netlink::Socket& pod, const podlink::Ends& ends, const PodNic& nic,
                                const HostPeer& peer);
// Rules and marks, then the host's end: the last step of an ADD. Guard and masquerade are not of
// this room.
base::Status configure_host_peer(netlink::Socket& node, firewall::Table& table,
                                 const podlink::Ends& ends, const PodNic& nic,
                                 const HostPeer& peer);

// As enilink::forget_pod and remove_pod: before and after the link goes. Success when there is
// nothing. `table` is null where the kernel has none; slot 0: not known, no rule is removed.
struct Gone {
  cni::Attachment attachment;
  std::vector<base::IpAddress> addresses;
  int slot = 0;
};
base::Status forget_host_peer(firewall::Table* table, const Gone& gone);
base::Status remove_host_peer(netlink::Socket& node, firewall::Table* table, const Gone& gone);

}  // namespace catena::podnic
