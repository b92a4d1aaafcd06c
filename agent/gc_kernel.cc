#include "agent/gc_kernel.h"

#include <algorithm>

#include "common/enilink/numbers.h"
#include "common/podlink/names.h"

namespace catena::agent {
namespace {

using base::Result;

bool is_host_route(const netlink::Route& route) {
  return route.destination.length() == route.destination.address().bits();
}

base::Status read_links_and_routes(netlink::Socket& node, KernelView& view) {
  for (netlink::Link& link : TRY(node.list_links())) {
    if (link.name.starts_with(podlink::kHostLinkPrefix)) {
      view.links.push_back(std::move(link));
    }
  }
  for (const std::uint32_t table :
       {netlink::kMainTable, enilink::kPodsTable, enilink::kHostPeersTable}) {
    for (netlink::Route& route : TRY(node.list_routes(table))) {
      if (route.protocol == netlink::kProtocol && is_host_route(route) &&
          view.find_link(route.if_index) != nullptr) {
        view.routes.push_back(std::move(route));
      }
    }
  }
  return {};
}

base::Status read_rules(netlink::Socket& node, KernelView& view) {
  for (netlink::Rule& rule : TRY(node.list_rules())) {
    const int slot = static_cast<int>(rule.table) - static_cast<int>(enilink::kPodsTable);
    const bool is_slot = slot >= enilink::kFirstSlot && slot <= enilink::kLastSlot;
    if (rule.protocol == netlink::kProtocol && rule.table == enilink::kHostPeersTable &&
        rule.priority >= enilink::mark_priority_of(enilink::kFirstSlot)) {
      view.peer_rules.push_back(std::move(rule));
      continue;
    }
    if (rule.protocol != netlink::kProtocol || !is_slot) {
      continue;
    }
    if (rule.priority == enilink::mark_priority_of(slot) &&
        TRY(node.list_routes(rule.table)).empty()) {
      view.idle_slots.insert(slot);
    }
    if (rule.priority == enilink::kSourcePriority && rule.from.has_value() &&
        rule.from->length() == rule.from->address().bits()) {
      view.source_rules.push_back(std::move(rule));
    }
  }
  return {};
}

base::Status read_firewall(firewall::Table& table, KernelView& view) {
  view.entries = TRY(table.entries());
  view.marked = TRY(table.marked());
  view.masqueraded = TRY(table.masqueraded());
  view.host_links = TRY(table.host_links());
  return {};
}

}  // namespace

const netlink::Link* KernelView::find_link(int index) const {
  const auto found = std::ranges::find(links, index, &netlink::Link::index);
  return found == links.end() ? nullptr : &*found;
}

const netlink::Link* KernelView::find_link(const std::string& name) const {
  const auto found = std::ranges::find(links, name, &netlink::Link::name);
  return found == links.end() ? nullptr : &*found;
}

bool KernelView::has_route_to(const base::IpAddress& address) const {
  return std::ranges::any_of(routes, [&address](const netlink::Route& route) {
    return route.destination.address() == address;
  });
}

Result<std::optional<firewall::Table>> open_firewall() {
  Result<firewall::Table> table = firewall::Table::open();
  if (table.ok()) {
    return std::optional<firewall::Table>(std::move(table).value());
  }
  if (table.error().is(base::ErrorKind::kUnsupported)) {
    return std::optional<firewall::Table>();
  }
  return std::move(table).error();
}

Result<KernelView> look_at_kernel(netlink::Socket& node, firewall::Table* table) {
  KernelView view;
  TRY(read_links_and_routes(node, view));
  TRY(read_rules(node, view));
  if (table != nullptr) {
    TRY(read_firewall(*table, view));
  }
  return view;
}

}  // namespace catena::agent
