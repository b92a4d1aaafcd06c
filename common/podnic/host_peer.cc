#include "common/podnic/host_peer.h"

#include <algorithm>

#include "common/base/error_list.h"
#include "common/podlink/names.h"
#include "common/podnic/host_peer_plan.h"

namespace catena::podnic {
namespace {

using base::Family;
using base::IpAddress;
using base::Prefix;
using base::Result;
using base::Status;
using netlink::Request;

// One for each family: the pod's addresses of a family are one.
std::optional<IpAddress> address_of(const PodNic& nic, Family family) {
  const auto found = std::ranges::find(nic.addresses, family, &IpAddress::family);
  return found == nic.addresses.end() ? std::nullopt : std::optional<IpAddress>(*found);
}

}  // namespace

firewall::NodeAddresses addresses_of(const podlink::Node& node) {
  return {.ipv4 = node.ipv4, .ipv6 = node.ipv6};
}

podlink::PodLink host_link_of(const PodNic& nic) {
  return {.attachment = nic.attachment,
          .alias = nic.alias,
          .mtu = nic.mtu,
          .mac = podlink::pod_mac(nic.attachment),
          .addresses = nic.addresses,
          .routes = {},
          .table = enilink::kHostPeersTable};
}

std::vector<netlink::Rule> rules_of(const std::vector<Family>& families, int slot,
                                    const firewall::MarkSettings& marks) {
  std::vector<netlink::Rule> rules;
  for (const Family family : families) {
    const auto marked = [&](std::uint32_t priority, std::uint32_t value) -> netlink::Rule {
      return {.family = family,
              .priority = priority,
              .table = enilink::kHostPeersTable,
              .mark = marks.value_of(value),
              .mark_mask = marks.mask};
    };
    rules.push_back({.family = family,
                     .priority = enilink::kFromNodePriority,
                     .table = enilink::kHostPeersTable,
                     .in_interface = "lo"});
    rules.push_back(marked(enilink::kTranslatedPriority, firewall::kNoEni));
    rules.push_back(marked(enilink::mark_priority_of(slot), static_cast<std::uint32_t>(slot)));
  }
  return rules;
}

std::vector<netlink::Route> pod_routes_of(const PodNic& nic, const HostPeer& peer,
                                          const netlink::Link& inside) {
  std::vector<netlink::Route> routes;
  for (const Family family : nic.families()) {
    const IpAddress gateway = podlink::gateway_of(family);
    netlink::Route route{.destination = Prefix::host(gateway),
                         .if_index = inside.index,
                         .if_name = inside.name,
                         .source = address_of(nic, family)};
    if (family == Family::kIpv4) {
      route.link_scope = true;
      routes.push_back(route);
      route.link_scope = false;
      route.onlink = true;
    }
    route.gateway = gateway;
    std::vector<Prefix> destinations = peer.destinations;
    if (const auto& own = peer.node.address(family); own) {
      destinations.push_back(Prefix::host(*own));
    }
    for (const Prefix& destination : destinations) {
      if (destination.family() == family) {
        route.destination = destination;
        routes.push_back(route);
      }
    }
  }
  return routes;
}

Result<podlink::Ends> create_host_peer(netlink::Socket& node, netlink::Socket& pod,
                                       const netlink::NetNs& sandbox, const PodNic& nic) {
  const podlink::PodLink link = host_link_of(nic);
  const netlink::VethEnd host{.name = podlink::host_link_name(link.attachment),
                              .mac = podlink::host_mac(link.attachment),
                              .mtu = link.mtu};
  const netlink::VethEnd inside{.name = kPeerName, .mac = link.mac, .mtu = link.mtu};
  TRY(node.send(netlink::create_veth(host, inside, sandbox)));
  podlink::Ends ends;
  ends.host = TRY(node.find_link(host.name));
  ends.pod = TRY(pod.find_link(inside.name));
  return ends;
}

Status configure_pod_peer(netlink::Socket& pod, const podlink::Ends& ends, const PodNic& nic,
                          const HostPeer& peer) {
  std::vector<Request> requests;
  requests.push_back(netlink::set_loose_rp_filter(ends.pod));
  requests.push_back(netlink::set_link(ends.pod, {.up = true}));
  for (const Family family : nic.families()) {
    requests.push_back(
        netlink::add_permanent_neighbour(ends.pod, podlink::gateway_of(family), ends.host.mac));
  }
  for (const netlink::Route& route : pod_routes_of(nic, peer, ends.pod)) {
    requests.push_back(netlink::add_route(route));
  }
  return pod.send(std::move(requests)).context("configure the pod's link to the node");
}

Status configure_host_peer(netlink::Socket& node, firewall::Table& table, const podlink::Ends& ends,
                           const PodNic& nic, const HostPeer& peer) {
  if (peer.slot < enilink::kFirstSlot || peer.slot > enilink::kLastSlot) {
    return base::Error(base::ErrorKind::kNotAvailable,
                       "the node has more ENIs than there are marks (254)");
  }
  TRY(table.mark(nic.addresses, peer.slot, peer.marks));
  TRY(table.add_host_link(ends.host.name, addresses_of(peer.node), peer.marks));
  std::vector<Request> requests;
  for (const netlink::Rule& rule : rules_of(nic.families(), peer.slot, peer.marks)) {
    requests.push_back(netlink::add_rule(rule));
  }
  // What the pod sends is known to come by this link by its mark alone: the table that leads to the
  // pod is looked up for nothing else that the node forwards.
  requests.push_back(netlink::set_marked_source_check(ends.host));
  // The pod has its addresses on another link, so would not answer for IPv6 ones.
  for (const IpAddress& address : nic.addresses) {
    requests.push_back(netlink::add_permanent_neighbour(ends.host, address, ends.pod.mac));
  }
  TRY(node.send(std::move(requests)).context("configure the node's link to the pod"));
  return podlink::configure_host_end(node, ends, host_link_of(nic), peer.node);
}

Status forget_host_peer(firewall::Table* table, const Gone& gone) {
  if (table == nullptr) {
    return {};
  }
  base::ErrorList failures;
  failures.add(table->forget_marks(gone.addresses));
  failures.add(table->forget_host_link(podlink::host_link_name(gone.attachment)));
  return failures.to_status();
}

Status remove_host_peer(netlink::Socket& node, firewall::Table* table, const Gone& gone) {
  base::ErrorList failures;
  if (table != nullptr) {
    failures.add(table->unmark(gone.addresses));
    failures.add(table->remove_host_link(podlink::host_link_name(gone.attachment)));
  }
  if (gone.slot >= enilink::kFirstSlot && gone.slot <= enilink::kLastSlot) {
    std::vector<Request> requests;
    for (const Family family : {Family::kIpv4, Family::kIpv6}) {
      // Whatever the mask was.
      requests.push_back(netlink::delete_rule({.family = family,
                                               .priority = enilink::mark_priority_of(gone.slot),
                                               .table = enilink::kHostPeersTable}));
      requests.back().ok_if_no_family = true;
    }
    failures.add(node.send(std::move(requests)));
  }
  return failures.to_status();
}

}  // namespace catena::podnic
