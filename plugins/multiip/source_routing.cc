#include "plugins/multiip/source_routing.h"

#include <algorithm>

#include "common/podlink/names.h"

namespace catena::multiip {

using base::IpAddress;
using base::Result;
using enilink::Shape;
using enilink::WantedShape;

enilink::Kernel kernel_of(netlink::Socket& node, std::optional<firewall::Table>& table) {
  return {.routes = &node, .firewall = table.has_value() ? &*table : nullptr};
}

enilink::HostEni host_eni(const ipam::Eni& eni, const Settings& settings) {
  return {.slot = eni.slot,
          .mac = eni.mac,
          .gateway = eni.gateway,
          .gateway6 = eni.gateway6,
          .mtu = settings.mtu.value_or(0)};
}

Result<Shape> shape_in_force(const Settings& settings, std::optional<firewall::Table>& table) {
  if (settings.routing == WantedShape::kMarks) {
    return Shape::kMarks;
  }
  if (settings.routing == WantedShape::kRules || !table.has_value()) {
    return Shape::kRules;
  }
  return TRY(table->has_marks(settings.marks)) || table->can_mark().ok() ? Shape::kMarks
                                                                         : Shape::kRules;
}

std::vector<enilink::PodPath> paths_of(const PodOnEni& pod, const podlink::Node& nic) {
  std::vector<enilink::PodPath> paths;
  std::ranges::transform(pod.addresses, std::back_inserter(paths), [&](const IpAddress& address) {
    enilink::PodPath path{.address = address, .slot = pod.slot, .by_main = pod.by_main};
    path.if_name = podlink::host_link_name(pod.attachment);
    path.source = nic.address(address.family());
    return path;
  });
  return paths;
}

attachment::TeardownPlan teardown_plan(const Settings& settings, ipam::Store& store) {
  return {.store = &store,
          // Whatever the shape is: entries are known by their address.
          .firewall = settings.firewall(Shape::kRules),
          .forget =
              [](netlink::Socket& node, firewall::Table* table, const attachment::Held& held) {
                return enilink::forget_pod({.routes = &node, .firewall = table}, held.addresses);
              },
          .remove =
              [](netlink::Socket& node, firewall::Table* table, const attachment::Held& held) {
                return enilink::remove_pod({.routes = &node, .firewall = table}, held.addresses);
              }};
}

}  // namespace catena::multiip
