// Routes, and the kernel's answer to where a packet would go.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/base/ip.h"
#include "common/netlink/request.h"

namespace catena::netlink {

inline constexpr std::uint32_t kMainTable = 254;  // RT_TABLE_MAIN

// Of a multipath route that the kernel reports, gateway and interface of its first path.
struct Route {
  base::Prefix destination;
  int if_index = 0;
  std::string if_name;  // for messages only; may be empty
  std::optional<base::IpAddress> gateway;
  // The gateway is taken to be on the link though no address there covers it.
  bool onlink = false;
  // The source address of packets that choose none themselves.
  std::optional<base::IpAddress> source;
  // Scope link instead of global (IPv4).
  bool link_scope = false;
  std::uint32_t table = kMainTable;
  std::uint32_t mtu = 0;  // bytes; 0: the link's
  unsigned char protocol = kProtocol;
  // RTN_UNICAST (1), RTN_LOCAL (2), RTN_BLACKHOLE (6), ...
  unsigned char type = 1;
};

// All but if_name, and but link_scope for IPv6, whose routes have no scope.
bool same_route(const Route& a, const Route& b);

// kExists when the same destination is there already, unless `replace`.
Request add_route(const Route& route, bool replace = false);
// The one route with this destination, table, type and protocol and, where set, this interface and
// gateway.
Request delete_route(const Route& route);

}  // namespace catena::netlink
