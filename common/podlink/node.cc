#include "common/podlink/node.h"

#include "common/netlink/sysctl.h"

namespace catena::podlink {
namespace {

using base::Error;
using base::ErrorKind;
using base::Family;
using base::IpAddress;
using base::Result;
using base::Status;

constexpr unsigned char kFromRouterAdvertisement = 9;  // RTPROT_RA, linux/rtnetlink.h

// An address that only the default route covers (RFC 5737, RFC 3849). Nothing is sent to it.
IpAddress somewhere_else(Family family) {
  static constexpr std::uint8_t kIpv4[] = {198, 51, 100, 1};
  static constexpr std::uint8_t kIpv6[] = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0,
                                           0,    0,    0,    0,    0, 0, 0, 1};
  return family == Family::kIpv4 ? IpAddress::from_bytes(family, kIpv4)
                                 : IpAddress::from_bytes(family, kIpv6);
}

void set_address(Node& node, const IpAddress& address) {
  (address.is_v4() ? node.ipv4 : node.ipv6) = address;
}

Status fill_from_nic(netlink::Socket& socket, const std::string& nic, Node& node) {
  const Result<netlink::Link> found = socket.find_link(nic);
  if (!found.ok()) {
    return Error(found.error())
        .context("nodeInterface")
        .as(ErrorKind::kBadConfig)
        .advice("name a link of the node (`ip link`), or leave the key out");
  }
  const netlink::Link& link = *found;
  node.mtu = link.mtu;
  for (const base::Prefix& address : TRY(socket.list_addresses(link))) {
    if (!address.address().is_link_local() && !node.address(address.family())) {
      set_address(node, address.address());
    }
  }
  return {};
}

Status fill_from_default_route(netlink::Socket& socket, Family family, Node& node, bool& has_mtu) {
  const std::optional<netlink::Route> route = TRY(find_default_route(socket, family));
  if (!route) {
    return {};
  }
  if (route->source) {
    set_address(node, *route->source);
  }
  if (!has_mtu && route->if_index != 0) {
    node.mtu = TRY(socket.find_link(route->if_index)).mtu;
    has_mtu = true;
  }
  return {};
}

const char* parameter_of(Family family) {
  return family == Family::kIpv4 ? "ipv4/ip_forward" : "ipv6/conf/all/forwarding";
}

Result<bool> is_forwarding(Family family) {
  return TRY(netlink::read_sysctl(parameter_of(family))) != "0";
}

Error not_forwarding(Family family, ErrorKind kind) {
  std::string dotted = std::string("net.") + parameter_of(family);
  for (char& character : dotted) {
    character = character == '/' ? '.' : character;
  }
  return Error(kind, dotted + " is 0: the node does not forward its pods' packets")
      .advice(R"(set it to 1 with sysctl, or set "forwarding" to "ensure")");
}

Status keep_router_advertisements(netlink::Socket& socket) {
  for (const netlink::Route& route : TRY(socket.list_routes())) {
    if (route.destination.is_v4() || route.destination.length() != 0 ||
        route.protocol != kFromRouterAdvertisement) {
      continue;
    }
    const netlink::Link link = TRY(socket.find_link(route.if_index));
    TRY(netlink::ensure_sysctl("ipv6/conf/" + link.name + "/accept_ra", "2"));
  }
  return {};
}

}  // namespace

Result<std::optional<netlink::Route>> find_default_route(netlink::Socket& socket, Family family) {
  Result<netlink::Route> route = socket.resolved_route(somewhere_else(family));
  if (route.ok()) {
    return std::optional<netlink::Route>(std::move(route).value());
  }
  if (route.error().is(ErrorKind::kNotFound)) {
    return std::optional<netlink::Route>();
  }
  return std::move(route).error();
}

Result<Node> find_node(netlink::Socket& socket, const std::string& nic,
                       const std::vector<Family>& families) {
  Node node;
  if (!nic.empty()) {
    TRY(fill_from_nic(socket, nic, node));
    return node;
  }
  bool has_mtu = false;
  for (const Family family : families) {
    TRY(fill_from_default_route(socket, family, node, has_mtu).context("find the node's NIC"));
  }
  return node;
}

Status ensure_forwarding(netlink::Socket& socket, Forwarding forwarding,
                         const std::vector<Family>& families) {
  for (const Family family : families) {
    if (TRY(is_forwarding(family))) {
      continue;
    }
    if (forwarding == Forwarding::kCheck) {
      return not_forwarding(family, ErrorKind::kNotAvailable);
    }
    if (family == Family::kIpv6) {
      TRY(keep_router_advertisements(socket));
    }
    TRY(netlink::write_sysctl(parameter_of(family), "1"));
  }
  return {};
}

Status check_forwarding(const std::vector<Family>& families) {
  for (const Family family : families) {
    if (!TRY(is_forwarding(family))) {
      return not_forwarding(family, ErrorKind::kDiffers);
    }
  }
  return {};
}

}  // namespace catena::podlink
