#include "common/podlink/pod_link.h"

#include <algorithm>

#include "common/netlink/sysctl.h"
#include "common/podlink/names.h"

namespace catena::podlink {
namespace {

using base::Error;
using base::ErrorKind;
using base::Family;
using base::IpAddress;
using base::Prefix;
using base::Result;
using base::Status;
using netlink::Request;

// IPv6 may have been turned off for the links of a sandbox by the one who made it.
Status allow_ipv6(const netlink::NetNs& sandbox, const std::string& if_name) {
  const netlink::ScopedNetNs inside = TRY(netlink::ScopedNetNs::enter(sandbox));
  TRY(netlink::ensure_sysctl("ipv6/conf/" + if_name + "/disable_ipv6", "0")
          .context("allow IPv6 in the sandbox"));
  return {};
}

// The requests and the visible routes of one family of the pod's end.
struct PodSide {
  std::vector<Request> requests;
  std::vector<cni::RouteConfig> routes;
};

void add_gateway(PodSide& side, const Ends& ends, Family family, std::uint32_t table) {
  const IpAddress gateway = gateway_of(family);
  side.requests.push_back(netlink::add_permanent_neighbour(ends.pod, gateway, ends.host.mac));
  if (family == Family::kIpv4) {
    side.requests.push_back(netlink::add_route({.destination = Prefix::host(gateway),
                                                .if_index = ends.pod.index,
                                                .if_name = ends.pod.name,
                                                .link_scope = true,
                                                .table = table}));
  }
  side.requests.push_back(netlink::add_route({.destination = Prefix::everywhere(family),
                                              .if_index = ends.pod.index,
                                              .if_name = ends.pod.name,
                                              .gateway = gateway,
                                              .table = table}));
}

void add_routes(PodSide& side, const Ends& ends, const PodLink& link, Family family) {
  for (const Prefix& destination : link.routes) {
    if (destination.family() != family) {
      continue;
    }
    side.requests.push_back(netlink::add_route({.destination = destination,
                                                .if_index = ends.pod.index,
                                                .if_name = ends.pod.name,
                                                .gateway = gateway_of(family),
                                                .onlink = family == Family::kIpv4}));
    side.routes.push_back({.destination = destination, .gateway = gateway_of(family)});
  }
}

void add_family(PodSide& side, const Ends& ends, const PodLink& link, Family family,
                bool first_link) {
  const auto source_table = kSourceTableBase + static_cast<std::uint32_t>(ends.pod.index);
  add_gateway(side, ends, family, first_link ? netlink::kMainTable : source_table);
  if (first_link) {
    side.routes.push_back(
        {.destination = Prefix::everywhere(family), .gateway = gateway_of(family)});
  } else {
    for (const IpAddress& address : link.addresses) {
      if (address.family() == family) {
        side.requests.push_back(netlink::add_rule({.family = family,
                                                   .priority = kSourceRulePriority,
                                                   .table = source_table,
                                                   .from = Prefix::host(address)}));
      }
    }
  }
  add_routes(side, ends, link, family);
}

// What the node must not take from a pod's link: router advertisements, and with no IPv6 address on
// the pod anything of IPv6.
Status restrict_ipv6(const netlink::Link& host, bool has_ipv6) {
  const std::string conf = "ipv6/conf/" + host.name;
  const Status status = has_ipv6 ? netlink::write_sysctl(conf + "/accept_ra", "0")
                                 : netlink::write_sysctl(conf + "/disable_ipv6", "1");
  const bool kernel_without_ipv6 = !status.ok() && status.error().is(ErrorKind::kNotFound);
  return kernel_without_ipv6 && !has_ipv6 ? Status() : status;
}

}  // namespace

std::vector<Family> PodLink::families() const {
  std::vector<Family> families;
  for (const IpAddress& address : addresses) {
    if (std::ranges::find(families, address.family()) == families.end()) {
      families.push_back(address.family());
    }
  }
  return families;
}

Status clear_leftovers(netlink::Socket& node, netlink::Socket& pod,
                       const cni::Attachment& attachment) {
  const Result<netlink::Link> host = node.find_link(host_link_name(attachment));
  if (!host.ok() && !host.error().is(ErrorKind::kNotFound)) {
    return host.error();
  }
  const Result<netlink::Link> inside = pod.find_link(attachment.if_name);
  if (!inside.ok() && !inside.error().is(ErrorKind::kNotFound)) {
    return inside.error();
  }
  const bool is_half_made = inside.ok() && host.ok() && !host->up &&
                            inside->peer_index == host->index && inside->kind == "veth";
  if (inside.ok() && !is_half_made) {
    return Error(ErrorKind::kExists,
                 "the sandbox has an interface '" + attachment.if_name + "' already")
        .advice("call DEL for this container before another ADD");
  }
  if (host.ok()) {
    TRY(node.send(netlink::delete_link(*host)));
  }
  return {};
}

Result<Ends> create_ends(netlink::Socket& node, netlink::Socket& pod, const netlink::NetNs& sandbox,
                         const PodLink& link) {
  const netlink::VethEnd host{
      .name = host_link_name(link.attachment), .mac = host_mac(link.attachment), .mtu = link.mtu};
  const netlink::VethEnd inside{.name = link.attachment.if_name, .mac = link.mac, .mtu = link.mtu};
  TRY(node.send(netlink::create_veth(host, inside, sandbox)));
  Ends ends;
  ends.host = TRY(node.find_link(host.name));
  ends.pod = TRY(pod.find_link(inside.name));
  return ends;
}

Result<std::vector<cni::RouteConfig>> configure_pod_end(netlink::Socket& pod,
                                                        const netlink::NetNs& sandbox,
                                                        const Ends& ends, const PodLink& link) {
  const std::vector<Family> families = link.families();
  if (std::ranges::find(families, Family::kIpv6) != families.end()) {
    TRY(allow_ipv6(sandbox, ends.pod.name));
  }
  PodSide side;
  for (const IpAddress& address : link.addresses) {
    side.requests.push_back(netlink::add_address(ends.pod, Prefix::host(address)));
  }
  side.requests.push_back(netlink::set_link(ends.pod, {.up = true}));
  for (const Family family : families) {
    const bool first_link = !TRY(find_default_route(pod, family)).has_value();
    add_family(side, ends, link, family, first_link);
  }
  TRY(pod.send(std::move(side.requests)).context("configure the pod's end"));
  return std::move(side.routes);
}

Status configure_host_end(netlink::Socket& node, const Ends& ends, const PodLink& link,
                          const Node& addresses) {
  const std::vector<Family> families = link.families();
  const bool has_ipv6 = std::ranges::find(families, Family::kIpv6) != families.end();
  TRY(restrict_ipv6(ends.host, has_ipv6).context("configure the host's end"));
  std::vector<Request> requests;
  requests.push_back(netlink::set_loose_rp_filter(ends.host));
  requests.push_back(netlink::set_no_link_local(ends.host));
  if (has_ipv6) {
    // A source for the neighbour solicitations by which the node finds the pod.
    requests.push_back(netlink::add_address(ends.host, Prefix(gateway_of(Family::kIpv6), 64),
                                            netlink::AddressScope::kLink));
  }
  requests.push_back(netlink::set_link(ends.host, {.alias = link.alias, .up = true}));
  for (const IpAddress& address : link.addresses) {
    requests.push_back(netlink::add_route({.destination = Prefix::host(address),
                                           .if_index = ends.host.index,
                                           .if_name = ends.host.name,
                                           .source = addresses.address(address.family()),
                                           .link_scope = address.is_v4(),
                                           .table = link.table}));
  }
  return node.send(std::move(requests)).context("configure the host's end");
}

Status remove_link(netlink::Socket& node, const cni::Attachment& attachment) {
  const Result<netlink::Link> host = node.find_link(host_link_name(attachment));
  if (!host.ok()) {
    return host.error().is(ErrorKind::kNotFound) ? Status() : Status(host.error());
  }
  return node.send(netlink::delete_link(*host));
}

Status remove_source_rules(netlink::Socket& pod, const std::vector<IpAddress>& addresses) {
  std::vector<Request> requests;
  requests.reserve(addresses.size());
  for (const IpAddress& address : addresses) {
    requests.push_back(netlink::delete_rule({.family = address.family(),
                                             .priority = kSourceRulePriority,
                                             .from = Prefix::host(address)}));
  }
  return pod.send(std::move(requests));
}

void append_to_result(cni::AddResult& result, const Ends& ends, const PodLink& link,
                      const std::string& sandbox, std::vector<cni::RouteConfig> routes) {
  const int pod_interface = static_cast<int>(result.interfaces.size()) + 1;
  result.interfaces.push_back(
      {.name = ends.host.name, .mac = ends.host.mac.to_string(), .mtu = ends.host.mtu});
  result.interfaces.push_back({.name = ends.pod.name,
                               .mac = ends.pod.mac.to_string(),
                               .mtu = ends.pod.mtu,
                               .sandbox = sandbox});
  for (const IpAddress& address : link.addresses) {
    result.ips.push_back({.address = Prefix::host(address),
                          .gateway = gateway_of(address.family()),
                          .interface = pod_interface});
  }
  std::ranges::move(routes, std::back_inserter(result.routes));
}

}  // namespace catena::podlink
