// Links: veth pairs, and what is changed on a link.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/base/mac.h"
#include "common/netlink/netns.h"
#include "common/netlink/request.h"

namespace catena::netlink {

// Of Documentation/networking/ip-sysctl.rst, as set on the link itself.
struct Ipv4Parameters {
  std::uint32_t rp_filter = 0;
  std::uint32_t arp_ignore = 0;
  std::uint32_t arp_announce = 0;
  bool operator==(const Ipv4Parameters&) const = default;
};

// What the kernel says of a link.
struct Link {
  int index = 0;
  std::string name;
  std::string kind;  // "veth", "ifb"; empty for hardware
  std::string alias;
  base::Mac mac;
  std::uint32_t mtu = 0;  // bytes
  bool up = false;        // IFF_UP, the admin's wish; the carrier is not asked
  // IFLA_LINK: of a veth the index of its peer, in the peer's namespace. 0 where there is none.
  int peer_index = 0;
  std::uint32_t group = 0;
  Ipv4Parameters ipv4;
  bool marked_source_check = false;  // IPv4 src_valid_mark, on the link itself
  std::int32_t accept_ra = 0;        // 0 too where the link has no IPv6
  bool has_ipv6 = false;             // the link does IPv6
};

struct VethEnd {
  std::string name;
  base::Mac mac;
  std::uint32_t mtu = 1500;  // bytes
  std::uint32_t group = 0;   // by which delete_links_of_group knows it
};

// Both ends at once, the second straight in `peer_netns`: a move costs 16-19 ms, this 0.3 ms.
// kExists when either name is taken in its namespace. `peer_netns` must live until it is sent.
Request create_veth(const VethEnd& here, const VethEnd& peer, const NetNs& peer_netns);

// What set_link changes; an absent field stays as it is. `move_to` must live until it is sent; the
// link may get another index there.
struct LinkChange {
  std::optional<std::string> name;
  std::optional<std::string> alias;
  std::optional<base::Mac> mac;
  std::optional<std::uint32_t> mtu;  // bytes
  std::optional<bool> up;
  std::optional<std::uint32_t> group;
  const NetNs* move_to = nullptr;
};
Request set_link(const Link& link, const LinkChange& change);

// By netlink: no file is opened and no namespace entered.
Request set_ipv4_parameters(const Link& link, const Ipv4Parameters& parameters);
// IPv4 rp_filter 2 (RFC 3704 loose), by netlink: no file is opened and no namespace entered.
Request set_loose_rp_filter(const Link& link);
// IPv4 src_valid_mark 1, by netlink: the way back to a sender is looked up with the packet's mark.
Request set_marked_source_check(const Link& link);
// The link makes no IPv6 link-local address of its own (addr_gen_mode none) when it goes up after
// this. Also ok where the kernel has IPv6 off or the link's MTU is too small for it.
Request set_no_link_local(const Link& link);

// Also ok when it is gone. Deleting one end of a veth deletes the other.
Request delete_link(const Link& link);
// All links of the namespace with that group, at the cost of one. Also ok where there is none.
Request delete_links_of_group(std::uint32_t group);

}  // namespace catena::netlink
