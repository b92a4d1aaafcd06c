#include "common/podnic/pod_nic.h"

#include <algorithm>
#include <iterator>

#include "common/netlink/sysctl.h"
#include "common/podlink/node.h"
#include "common/podlink/pod_link.h"
#include "common/podnic/alias.h"
#include "common/podnic/nic_plan.h"

namespace catena::podnic {
namespace {

using base::Family;
using base::IpAddress;
using base::Prefix;
using base::Result;
using base::Status;
using netlink::Link;
using netlink::Request;

// The sandbox may have IPv6 off; what routers advertise is the VPC's to say, and the store has it.
Status set_ipv6(const netlink::NetNs& sandbox, const std::string& if_name) {
  const netlink::ScopedNetNs inside = TRY(netlink::ScopedNetNs::enter(sandbox));
  const std::string conf = "ipv6/conf/" + if_name;
  TRY(netlink::ensure_sysctl(conf + "/disable_ipv6", "0").context("allow IPv6 in the sandbox"));
  TRY(netlink::ensure_sysctl(conf + "/accept_ra", "0").context("set IPv6 in the sandbox"));
  return {};
}

Result<IpAddress> gateway_of(const PodNic& nic, Family family) {
  if (family == Family::kIpv4) {
    return nic.gateway;
  }
  if (nic.gateway6) {
    return *nic.gateway6;
  }
  return base::Error(base::ErrorKind::kInternal,
                     "the ENI " + nic.mac.to_string() + " has an IPv6 address and no IPv6 gateway");
}

}  // namespace

std::vector<Family> PodNic::families() const {
  std::vector<Family> families;
  for (const IpAddress& address : addresses) {
    if (std::ranges::find(families, address.family()) == families.end()) {
      families.push_back(address.family());
    }
  }
  return families;
}

Result<NicRoutes> routes_of(const Link& link, const PodNic& nic, const FamilyOfNic& wanted) {
  const IpAddress gateway = TRY(gateway_of(nic, wanted.family));
  const auto table = wanted.first_link
                         ? netlink::kMainTable
                         : podlink::kSourceTableBase + static_cast<std::uint32_t>(link.index);
  const auto by_gateway = [&](const Prefix& destination, std::uint32_t of) -> netlink::Route {
    return {.destination = destination,
            .if_index = link.index,
            .if_name = link.name,
            .gateway = gateway,
            .onlink = destination.is_v4(),
            .table = of};
  };
  NicRoutes made;
  if (wanted.family == Family::kIpv6) {
    made.routes.push_back({.destination = Prefix::host(gateway),
                           .if_index = link.index,
                           .if_name = link.name,
                           .table = table});
  }
  const Prefix everywhere = Prefix::everywhere(wanted.family);
  made.routes.push_back(by_gateway(everywhere, table));
  if (wanted.first_link) {
    made.visible.push_back({.destination = everywhere, .gateway = gateway});
    return made;
  }
  for (const IpAddress& address : nic.addresses) {
    if (address.family() == wanted.family) {
      made.rules.push_back({.family = wanted.family,
                            .priority = podlink::kSourceRulePriority,
                            .table = table,
                            .from = Prefix::host(address)});
    }
  }
  return made;
}

Prefix own_prefix(const PodNic& nic, const IpAddress& address) {
  if (address.is_v4()) {
    return {address, nic.prefix_length};
  }
  constexpr int kBlock = 64;
  const bool is_of_block =
      nic.gateway6.has_value() && Prefix(*nic.gateway6, kBlock).contains(address);
  return {address, is_of_block ? kBlock : address.bits()};
}

Result<Link> move_in(netlink::Socket& node, netlink::Socket& pod, const netlink::NetNs& sandbox,
                     const Link& nic, const PodNic& wanted) {
  std::vector<Request> requests;
  // First, so that whoever finds the NIC in the pod knows its way home.
  requests.push_back(netlink::set_link(nic, {.alias = alias_of(nic.name, wanted.alias)}));
  requests.push_back(
      netlink::set_link(nic, {.name = wanted.attachment.if_name, .move_to = &sandbox}));
  TRY(node.send(std::move(requests)).context("move the ENI's NIC into the pod"));
  return pod.find_link(wanted.attachment.if_name);
}

Result<std::vector<cni::RouteConfig>> configure(netlink::Socket& pod, const netlink::NetNs& sandbox,
                                                const Link& nic, const PodNic& wanted) {
  const std::vector<Family> families = wanted.families();
  if (std::ranges::find(families, Family::kIpv6) != families.end()) {
    TRY(set_ipv6(sandbox, nic.name));
  }
  std::vector<Request> requests;
  requests.push_back(netlink::set_loose_rp_filter(nic));
  requests.push_back(netlink::set_link(nic, {.mtu = wanted.mtu, .up = true}));
  for (const IpAddress& address : wanted.addresses) {
    requests.push_back(netlink::add_address(nic, own_prefix(wanted, address)));
  }
  std::vector<cni::RouteConfig> visible;
  for (const Family family : families) {
    const bool first_link = !TRY(podlink::find_default_route(pod, family)).has_value();
    const NicRoutes routes = TRY(routes_of(nic, wanted, {family, first_link}));
    for (const netlink::Route& route : routes.routes) {
      requests.push_back(netlink::add_route(route));
    }
    for (const netlink::Rule& rule : routes.rules) {
      requests.push_back(netlink::add_rule(rule));
    }
    std::ranges::copy(routes.visible, std::back_inserter(visible));
  }
  TRY(pod.send(std::move(requests)).context("configure the ENI's NIC in the pod"));
  return visible;
}

}  // namespace catena::podnic
