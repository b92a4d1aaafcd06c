#include "common/podnic/check.h"

#include <algorithm>
#include <set>

#include "common/podlink/names.h"
#include "common/podnic/compare.h"
#include "common/podnic/host_peer_plan.h"
#include "common/podnic/nic_plan.h"

namespace catena::podnic {
namespace {

using base::Family;
using base::IpAddress;
using base::Prefix;
using base::Result;
using base::Status;
using netlink::Link;

bool is_first_link(const Expected& expected, Family family) {
  return std::ranges::any_of(expected.routes, [&](const cni::RouteConfig& route) {
    return route.destination == Prefix::everywhere(family);
  });
}

Status compare_addresses(Side& pod, const Link& nic, const std::vector<Prefix>& expected) {
  std::vector<Prefix> extra = TRY(pod.socket().list_addresses(nic));
  std::erase_if(extra, [](const Prefix& prefix) {
    return !prefix.is_v4() && prefix.address().is_link_local();
  });
  for (const Prefix& own : expected) {
    if (std::erase(extra, own) == 0) {
      pod.differ("address " + own.to_string() + " of " + nic.name + " is gone");
    }
  }
  for (const Prefix& prefix : extra) {
    pod.differ("extra address " + prefix.to_string() + " on " + nic.name);
  }
  return {};
}

// Looked up for what the pod sends with one of its addresses: a plugin behind this one (sbr) may
// have moved the NIC's routes there.
Result<std::set<std::uint32_t>> tables_by_source(Side& pod, const PodNic& nic) {
  std::set<std::uint32_t> tables;
  for (const netlink::Rule& rule : TRY(pod.socket().list_rules())) {
    const bool is_by_source =
        rule.from.has_value() && rule.from->length() == rule.from->address().bits() &&
        std::ranges::find(nic.addresses, rule.from->address()) != nic.addresses.end();
    if (is_by_source) {
      tables.insert(rule.table);
    }
  }
  return tables;
}

Status compare_nic(Side& pod, const Expected& expected) {
  const PodNic& plan = expected.nic;
  const auto nic = TRY(pod.compare_link(
      {.where = "the pod", .name = plan.attachment.if_name, .mac = plan.mac, .mtu = expected.mtu}));
  if (!nic.has_value()) {
    return {};
  }
  TRY(compare_addresses(pod, *nic, expected.addresses));
  const std::set<std::uint32_t> by_source = TRY(tables_by_source(pod, plan));
  for (const Family family : plan.families()) {
    const NicRoutes wanted = TRY(routes_of(*nic, plan, {family, is_first_link(expected, family)}));
    TRY(pod.compare_routes(wanted.routes, "the pod", by_source));
    TRY(pod.compare_rules(wanted.rules, "the pod"));
  }
  return {};
}

Status compare_pod_peer(Side& pod, const Link& inside, const Expected& expected) {
  TRY(pod.compare_routes(pod_routes_of(expected.nic, *expected.peer, inside), "the pod"));
  for (const Family family : expected.nic.families()) {
    TRY(pod.compare_neighbour(inside, {.address = podlink::gateway_of(family),
                                       .mac = podlink::host_mac(expected.nic.attachment)}));
  }
  return {};
}

Status compare_host_peer(Side& node, const Link& host, const Expected& expected) {
  const PodNic& nic = expected.nic;
  const HostPeer& peer = *expected.peer;
  if (!host.marked_source_check) {
    node.differ("src_valid_mark of " + host.name + " is 0, expected 1");
  }
  std::vector<netlink::Route> routes;
  for (const IpAddress& address : nic.addresses) {
    routes.push_back({.destination = Prefix::host(address),
                      .if_index = host.index,
                      .if_name = host.name,
                      .source = peer.node.address(address.family()),
                      .table = enilink::kHostPeersTable});
    TRY(node.compare_neighbour(host,
                               {.address = address, .mac = podlink::pod_mac(nic.attachment)}));
  }
  TRY(node.compare_routes(routes, "the node"));
  return node.compare_rules(rules_of(nic.families(), peer.slot, peer.marks), "the node");
}

Status compare_firewall(Side& node, firewall::Table& table, const Expected& expected) {
  const HostPeer& peer = *expected.peer;
  const std::string name = podlink::host_link_name(expected.nic.attachment);
  if (!TRY(table.has_host_link(name, addresses_of(peer.node), peer.marks))) {
    node.differ("table inet catena does not know " + name +
                " as a host link, or its chains are "
                "incomplete");
  }
  for (const IpAddress& address : expected.nic.addresses) {
    if (!TRY(table.is_marked({address, peer.slot}, peer.marks))) {
      node.differ("what " + address.to_string() + " sends to the node is not marked");
    }
  }
  return {};
}

Status compare_peer(Side& node, Side& pod, firewall::Table* table, const Expected& expected) {
  const podlink::PodLink link = host_link_of(expected.nic);
  const auto host = TRY(node.compare_link({.where = "the node",
                                           .name = podlink::host_link_name(link.attachment),
                                           .mac = podlink::host_mac(link.attachment),
                                           .mtu = link.mtu}));
  const auto inside = TRY(
      pod.compare_link({.where = "the pod", .name = kPeerName, .mac = link.mac, .mtu = link.mtu}));
  if (host.has_value() && inside.has_value() && inside->peer_index != host->index) {
    pod.differ("link " + inside->name + " is not the other end of " + host->name);
  }
  if (inside.has_value()) {
    TRY(compare_pod_peer(pod, *inside, expected));
  }
  if (host.has_value()) {
    TRY(compare_host_peer(node, *host, expected));
  }
  return table != nullptr ? compare_firewall(node, *table, expected) : Status();
}

}  // namespace

Result<std::vector<std::string>> differences(netlink::Socket& node, netlink::Socket& pod,
                                             firewall::Table* table, const Expected& expected) {
  std::vector<std::string> found;
  Side node_side(node, found);
  Side pod_side(pod, found);
  TRY(compare_nic(pod_side, expected));
  if (expected.peer.has_value()) {
    TRY(compare_peer(node_side, pod_side, table, expected));
  }
  return found;
}

}  // namespace catena::podnic
