// The node as a pod's link sees it: its NIC's MTU, its own addresses, whether it forwards.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/ip.h"
#include "common/base/result.h"
#include "common/netlink/socket.h"

namespace catena::podlink {

struct Node {
  std::uint32_t mtu = 1500;  // bytes; of the NIC
  // The source of packets from the node to its pods; absent where the node has no such address.
  std::optional<base::IpAddress> ipv4;
  std::optional<base::IpAddress> ipv6;

  const std::optional<base::IpAddress>& address(base::Family family) const {
    return family == base::Family::kIpv4 ? ipv4 : ipv6;
  }
};

// `nic` names the NIC; empty: the one of the default route. Without either the MTU is 1500 and
// there is no address. kBadConfig when there is no link of the given name.
base::Result<Node> find_node(netlink::Socket& socket, const std::string& nic,
                             const std::vector<base::Family>& families);

// The route of a namespace's packets to the outside, with its interface and preferred source;
// nothing where there is none.
base::Result<std::optional<netlink::Route>> find_default_route(netlink::Socket& socket,
                                                               base::Family family);

enum class Forwarding {
  kEnsure,  // net.ipv4.ip_forward and net.ipv6.conf.all.forwarding are set to 1
  kCheck,   // somebody else sets them
};

// kNotAvailable, naming the parameter, when it is off under kCheck. Before IPv6 forwarding is
// turned on, links whose default route comes from router advertisements get accept_ra 2, else they
// would lose it (kernel Documentation/networking/ip-sysctl.rst, accept_ra). Acts on the calling
// thread's namespace, which must be that of `socket`.
base::Status ensure_forwarding(netlink::Socket& socket, Forwarding forwarding,
                               const std::vector<base::Family>& families);
// As ensure_forwarding under kCheck, but kDiffers.
base::Status check_forwarding(const std::vector<base::Family>& families);

}  // namespace catena::podlink
