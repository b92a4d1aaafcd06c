#include "common/enilink/eni_plan.h"

#include <algorithm>
#include <array>
#include <optional>

#include "common/netlink/sysctl.h"

namespace catena::enilink {
namespace {

using base::Family;
using base::IpAddress;
using base::Prefix;
using base::Result;
using base::Status;
using netlink::Route;

// Loose; answers for no address, since the VPC asks for none and one of another link would be
// given away; asks with the link's own (Documentation/networking/ip-sysctl.rst).
constexpr netlink::Ipv4Parameters kParameters{.rp_filter = 2, .arp_ignore = 8, .arp_announce = 2};

// In loose mode too the kernel drops what comes by another way than it would be answered on a link
// without an IPv4 address (fib_validate_source).
Prefix own_ipv4() {
  static constexpr std::uint8_t kBytes[] = {169, 254, 1, 1};
  return Prefix::host(IpAddress::from_bytes(Family::kIpv4, kBytes));
}

// RFC 4291, appendix A: what the kernel would give it too, but at once and whatever the node's
// addr_gen_mode: the gateway is asked for from it.
Prefix link_local_of(const base::Mac& mac) {
  const auto& m = mac.bytes;
  const std::array<std::uint8_t, 16> bytes{
      0xfe, 0x80, 0,    0,    0,    0,    0,   0, static_cast<std::uint8_t>(m[0] ^ 0x02U),
      m[1], m[2], 0xff, 0xfe, m[3], m[4], m[5]};
  return {IpAddress::from_bytes(Family::kIpv6, bytes.data()), 64};
}

bool has(const Routing& routing, Family family) {
  return std::ranges::find(routing.families, family) != routing.families.end();
}

bool contains(const std::vector<Prefix>& all, const Prefix& one) {
  return std::ranges::find(all, one) != all.end();
}

std::string text_of(const Route& route) {
  return "route " + route.destination.to_string() +
         (route.gateway ? " via " + route.gateway->to_string() : "") + " of table " +
         std::to_string(route.table);
}

class Comparison {
 public:
  Comparison(const EniView& view, const HostEni& eni, const Routing& routing)
      : view_(view), eni_(eni), routing_(routing) {}

  Mending run() {
    compare_link();
    compare_addresses();
    compare_routes();
    return std::move(mending_);
  }

 private:
  void lose(const std::string& what, netlink::Request request) {
    mending_.lost.push_back("ENI " + view_.link.name + ": " + what);
    mending_.requests.push_back(std::move(request));
  }

  void compare_link() {
    const netlink::Link& link = view_.link;
    if (link.group != kEniGroup) {
      lose(
          "link group is " + std::to_string(link.group) + ", expected " + std::to_string(kEniGroup),
          netlink::set_link(link, {.group = kEniGroup}));
      mending_.ipv6_parameters = link.has_ipv6;
    }
    if (link.ipv4 != kParameters) {
      lose("rp_filter, arp_ignore or arp_announce is not 2, 8, 2",
           netlink::set_ipv4_parameters(link, kParameters));
    }
    const bool wants_ipv6 = has(routing_, Family::kIpv6);
    if ((link.has_ipv6 && link.accept_ra != 0) || (wants_ipv6 && !link.has_ipv6)) {
      lose(link.has_ipv6 ? "accept_ra is not 0" : "IPv6 is off", netlink::set_no_link_local(link));
      mending_.ipv6_parameters = true;
    }
    if (eni_.mtu != 0 && link.mtu != eni_.mtu) {
      lose("MTU is " + std::to_string(link.mtu) + ", expected " + std::to_string(eni_.mtu),
           netlink::set_link(link, {.mtu = eni_.mtu}));
    }
    if (!link.up) {
      lose("link is down", netlink::set_link(link, {.up = true}));
    }
  }

  void expect_address(const Prefix& address) {
    if (contains(view_.addresses, address)) {
      return;
    }
    netlink::Request request =
        netlink::add_address(view_.link, address, netlink::AddressScope::kLink);
    request.ok_if_exists = true;
    lose("address " + address.to_string() + " is gone", std::move(request));
  }

  // Ours first: with its last IPv4 address a link loses its IPv4 routes.
  void compare_addresses() {
    expect_address(own_ipv4());
    if (has(routing_, Family::kIpv6)) {
      expect_address(link_local_of(eni_.mac));
    }
    for (const Prefix& address : view_.addresses) {
      const bool is_link_local = !address.is_v4() && address.address().is_link_local();
      if (address != own_ipv4() && !is_link_local) {
        lose("address " + address.to_string() + " is not the host's to have",
             netlink::delete_address(view_.link, address));
      }
    }
  }

  void compare_routes() {
    const std::vector<Route> wanted = routes_of(eni_, view_.link, routing_);
    for (const Route& found : view_.routes) {
      const bool is_wanted = std::ranges::any_of(
          wanted, [&found](const Route& route) { return netlink::same_route(route, found); });
      // A family that this routing has not may be another's.
      if (!is_wanted && has(routing_, found.destination.family())) {
        lose(text_of(found) + " is not ours", netlink::delete_route(found));
      }
    }
    for (const Route& route : wanted) {
      const bool there = std::ranges::any_of(
          view_.routes, [&route](const Route& found) { return netlink::same_route(route, found); });
      if (!there) {
        lose(text_of(route) + " is gone", netlink::add_route(route, /*replace=*/true));
      }
    }
  }

  const EniView& view_;
  const HostEni& eni_;
  const Routing& routing_;
  Mending mending_;
};

Status write_ipv6_parameters(const netlink::Link& link) {
  const std::string conf = "ipv6/conf/" + link.name;
  TRY(netlink::ensure_sysctl(conf + "/accept_ra", "0"));
  TRY(netlink::ensure_sysctl(conf + "/disable_ipv6", "0"));
  return {};
}

// That of IPv4 where there is one.
Result<std::optional<Route>> default_route(const Kernel& kernel) {
  // Addresses that only a default route covers (RFC 5737, RFC 3849).
  static constexpr std::uint8_t kIpv4[] = {198, 51, 100, 1};
  static constexpr std::uint8_t kIpv6[] = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0,
                                           0,    0,    0,    0,    0, 0, 0, 1};
  for (const IpAddress& somewhere :
       {IpAddress::from_bytes(Family::kIpv4, kIpv4), IpAddress::from_bytes(Family::kIpv6, kIpv6)}) {
    Result<Route> route = kernel.routes->resolved_route(somewhere);
    if (route.ok()) {
      return std::optional<Route>(std::move(route).value());
    }
    if (!route.error().is(base::ErrorKind::kNotFound)) {
      return std::move(route).error();
    }
  }
  return std::optional<Route>();
}

Result<bool> has_address(const Kernel& kernel, const netlink::Link& link) {
  const std::vector<Prefix> addresses = TRY(kernel.routes->list_addresses(link));
  return std::ranges::any_of(addresses,
                             [](const Prefix& one) { return !one.address().is_link_local(); });
}

// Nothing is done then: taking the address of the primary NIC would cut the node off.
base::Error cannot_tell(const netlink::Link& link, const std::string& why) {
  return {base::ErrorKind::kTryAgain,
          "cannot tell whether " + link.name + " is an ENI for pods or the node's own NIC: " + why};
}

}  // namespace

Result<EniView> look_at(const Kernel& kernel, netlink::Link link, std::vector<Route> routes) {
  EniView view;
  view.addresses = TRY(kernel.routes->list_addresses(link));
  view.routes = std::move(routes);
  view.link = std::move(link);
  return view;
}

Mending compare(const EniView& view, const HostEni& eni, const Routing& routing) {
  return Comparison(view, eni, routing).run();
}

Status mend(const Kernel& kernel, const netlink::Link& link, Mending& mending) {
  if (mending.ipv6_parameters) {
    TRY(kernel.routes->send(netlink::set_no_link_local(link)));
    TRY(write_ipv6_parameters(link).context("set up ENI " + link.name));
  }
  if (mending.requests.empty()) {
    return {};
  }
  return kernel.routes->send(std::move(mending.requests)).context("set up ENI " + link.name);
}

std::vector<Route> routes_of(const HostEni& eni, const netlink::Link& link,
                             const Routing& routing) {
  Route to_all{.if_index = link.index, .if_name = link.name, .table = table_of(eni.slot)};
  std::vector<Route> routes;
  if (has(routing, Family::kIpv4)) {
    Route route = to_all;
    route.destination = Prefix::everywhere(Family::kIpv4);
    route.gateway = eni.gateway;
    route.onlink = true;
    routes.push_back(std::move(route));
  }
  if (has(routing, Family::kIpv6) && eni.gateway6) {
    // IPv6 refuses onlink where the gateway's network is on another link too.
    Route to_gateway = to_all;
    to_gateway.destination = Prefix::host(*eni.gateway6);
    routes.push_back(std::move(to_gateway));
    Route route = to_all;
    route.destination = Prefix::everywhere(Family::kIpv6);
    route.gateway = eni.gateway6;
    routes.push_back(std::move(route));
  }
  return routes;
}

std::vector<netlink::Rule> rules_of(int slot, const Routing& routing) {
  std::vector<netlink::Rule> rules;
  if (routing.shape == Shape::kRules) {
    return rules;
  }
  rules.reserve(routing.families.size());
  for (const Family family : routing.families) {
    rules.push_back({.family = family,
                     .priority = mark_priority_of(slot),
                     .table = table_of(slot),
                     .mark = routing.marks.value_of(static_cast<std::uint32_t>(slot)),
                     .mark_mask = routing.marks.mask});
  }
  return rules;
}

Result<bool> is_primary(const Kernel& kernel, const netlink::Link& link) {
  if (link.group == kEniGroup) {
    return false;
  }
  const std::optional<Route> route = TRY(default_route(kernel));
  if (!route) {
    return cannot_tell(link, "the node has no default route")
        .advice("bring the node's own network up first");
  }
  if (route->if_index == link.index) {
    return true;
  }
  // The primary NIC is there before any ENI is plugged.
  if (link.index < route->if_index && TRY(has_address(kernel, link))) {
    return cannot_tell(link,
                       "it has an address, and the default route leads by a link that came "
                       "later (number " +
                           std::to_string(route->if_index) + ")")
        .advice("keep DHCP, cloud-init and network scripts from configuring the ENIs of pods");
  }
  return false;
}

base::Error no_such_link(const HostEni& eni) {
  return base::Error(base::ErrorKind::kNotFound, "no link of the node has the MAC " +
                                                     eni.mac.to_string() + " of its ENI (slot " +
                                                     std::to_string(eni.slot) + ")")
      .advice(
          "see whether the ENI is attached to this instance; `ip link` shows what the node has");
}

}  // namespace catena::enilink
