#include "common/podnic/pod_nic.h"

#include <algorithm>

#include "common/netlink/sysctl.h"
#include "common/podlink/node.h"
#include "common/podlink/pod_link.h"
#include "common/podnic/alias.h"

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

// The requests and the visible routes of one pod's NIC.
class Routes {
 public:
  Routes(const Link& link, const PodNic& nic) : link_(link), nic_(nic) {}

  Status add(Family family, bool first_link) {
    const IpAddress gateway = TRY(gateway_of(nic_, family));
    const auto table = first_link
                           ? netlink::kMainTable
                           : podlink::kSourceTableBase + static_cast<std::uint32_t>(link_.index);
    if (family == Family::kIpv6) {
      add_route({.destination = Prefix::host(gateway), .table = table});
    }
    const Prefix everywhere = Prefix::everywhere(family);
    add_route(by_gateway(everywhere, gateway, table));
    if (first_link) {
      visible_.push_back({.destination = everywhere, .gateway = gateway});
    } else {
      add_source_rules(family, table);
    }
    for (const Prefix& destination : nic_.routes) {
      if (destination.family() == family) {
        add_route(by_gateway(destination, gateway, netlink::kMainTable));
        visible_.push_back({.destination = destination, .gateway = gateway});
      }
    }
    return {};
  }

  std::vector<Request> take_requests() { return std::move(requests_); }
  std::vector<cni::RouteConfig> take_visible() { return std::move(visible_); }

 private:
  static netlink::Route by_gateway(const Prefix& destination, const IpAddress& gateway,
                                   std::uint32_t table) {
    return {.destination = destination,
            .gateway = gateway,
            .onlink = destination.is_v4(),
            .table = table};
  }

  void add_route(netlink::Route route) {
    route.if_index = link_.index;
    route.if_name = link_.name;
    requests_.push_back(netlink::add_route(route));
  }

  void add_source_rules(Family family, std::uint32_t table) {
    for (const IpAddress& address : nic_.addresses) {
      if (address.family() == family) {
        requests_.push_back(netlink::add_rule({.family = family,
                                               .priority = podlink::kSourceRulePriority,
                                               .table = table,
                                               .from = Prefix::host(address)}));
      }
    }
  }

  const Link& link_;
  const PodNic& nic_;
  std::vector<Request> requests_;
  std::vector<cni::RouteConfig> visible_;
};

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

Prefix own_prefix(const PodNic& nic, const IpAddress& address) {
  return {address, address.is_v4() ? nic.prefix_length : address.bits()};
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
  Routes routes(nic, wanted);
  for (const Family family : families) {
    const bool first_link = !TRY(podlink::find_default_route(pod, family)).has_value();
    TRY(routes.add(family, first_link));
  }
  std::vector<Request> requests;
  requests.push_back(netlink::set_loose_rp_filter(nic));
  requests.push_back(netlink::set_link(nic, {.mtu = wanted.mtu, .up = true}));
  for (const IpAddress& address : wanted.addresses) {
    requests.push_back(netlink::add_address(nic, own_prefix(wanted, address)));
  }
  std::ranges::move(routes.take_requests(), std::back_inserter(requests));
  TRY(pod.send(std::move(requests)).context("configure the ENI's NIC in the pod"));
  return routes.take_visible();
}

}  // namespace catena::podnic
