#include <algorithm>
#include <iterator>
#include <optional>

#include "common/enilink/eni_plan.h"
#include "common/enilink/nic.h"

namespace catena::enilink {
namespace {

using base::Result;
using base::Status;
using netlink::Link;

// By the routes of its table, which say the link: no dump of the node's links, of which each pod
// has one.
Result<std::optional<Link>> find_by_routes(const Kernel& kernel, const HostEni& eni,
                                           const std::vector<netlink::Route>& routes) {
  for (const netlink::Route& route : routes) {
    Result<Link> link = kernel.routes->find_link(route.if_index);
    if (!link.ok() && !link.error().is(base::ErrorKind::kNotFound)) {
      return link.error();
    }
    if (link.ok() && link->mac == eni.mac && is_nic(*link)) {
      return std::optional<Link>(std::move(link).value());
    }
  }
  return std::optional<Link>();
}

Status check_numbers(const HostEni& eni) {
  if (eni.slot < kFirstSlot || eni.slot > kLastSlot) {
    return base::Error(base::ErrorKind::kInternal,
                       "an ENI's slot is 1 to 254, not " + std::to_string(eni.slot));
  }
  return {};
}

}  // namespace

Result<EniLink> ensure_eni(const Kernel& kernel, const HostEni& eni, const Routing& routing,
                           std::chrono::milliseconds patience) {
  TRY(check_numbers(eni));
  std::vector<netlink::Route> routes = TRY(kernel.routes->list_routes(table_of(eni.slot)));
  std::optional<Link> known = TRY(find_by_routes(kernel, eni, routes));
  if (!known) {
    known = TRY(await_nic(*kernel.routes, eni.mac, patience));
  }
  if (!known) {
    return no_such_link(eni);
  }
  EniLink found{.link = *std::move(known)};
  found.is_primary = TRY(is_primary(kernel, found.link));
  if (found.is_primary) {
    return found;
  }
  const EniView view = TRY(look_at(kernel, found.link, std::move(routes)));
  Mending mending = compare(view, eni, routing);
  const std::vector<netlink::Rule> rules = rules_of(eni.slot, routing);
  std::ranges::transform(rules, std::back_inserter(mending.requests), netlink::add_rule);
  TRY(mend(kernel, found.link, mending));
  return found;
}

Status remove_eni(const Kernel& kernel, int slot) {
  std::vector<netlink::Request> requests;
  const std::vector<netlink::Route> routes = TRY(kernel.routes->list_routes(table_of(slot)));
  requests.reserve(routes.size() + 2);
  std::ranges::transform(routes, std::back_inserter(requests), netlink::delete_route);
  for (const base::Family family : {base::Family::kIpv4, base::Family::kIpv6}) {
    // Whatever the mask was.
    requests.push_back(netlink::delete_rule(
        {.family = family, .priority = mark_priority_of(slot), .table = table_of(slot)}));
    requests.back().ok_if_no_family = true;
  }
  return kernel.routes->send(std::move(requests))
      .context("remove the routing of the ENI with slot " + std::to_string(slot));
}

}  // namespace catena::enilink
