// CHECK: everything that ADD made, compared with the kernel and the store.
#include "common/attachment/check.h"

#include <algorithm>

#include "common/enilink/repair.h"
#include "common/podlink/names.h"
#include "plugins/multiip/multiip_plugin.h"
#include "plugins/multiip/settings.h"
#include "plugins/multiip/source_routing.h"

namespace catena::multiip {
namespace {

using attachment::Checked;
using attachment::Differences;
using base::Result;
using base::Status;

// Whether the node's default route is by the ENI with this MAC.
Result<std::optional<netlink::Link>> primary_nic(netlink::Socket& node, const Settings& settings) {
  for (const base::Family family : settings.families) {
    const auto route = TRY(podlink::find_default_route(node, family));
    if (route.has_value() && route->if_index != 0) {
      netlink::Link link = TRY(node.find_link(route->if_index));
      return std::optional<netlink::Link>(std::move(link));
    }
  }
  return std::optional<netlink::Link>();
}

Result<Differences> routing_differences(const Checked& checked, const Settings& settings,
                                        const ipam::Eni& eni) {
  auto table = TRY(attachment::open_table());
  const enilink::Shape shape = TRY(shape_in_force(settings, table));
  const auto primary = TRY(primary_nic(checked.node, settings));
  const PodOnEni pod{.attachment = checked.request.args.attachment,
                     .addresses = checked.addresses,
                     .slot = eni.slot,
                     .by_main = primary.has_value() && primary->mac == eni.mac};
  const enilink::State state{.routing = settings.routing_of(shape),
                             .enis = {host_eni(eni, settings)},
                             .pods = paths_of(pod, checked.nic)};
  Differences found = TRY(enilink::differences(kernel_of(checked.node, table), state));
  const std::string host_link = podlink::host_link_name(pod.attachment);
  std::ranges::move(
      TRY(attachment::firewall_differences(settings.firewall(shape), host_link, checked.addresses)),
      std::back_inserter(found));
  return found;
}

Result<Differences> own_differences(const Checked& checked, const Settings& settings) {
  const cni::Attachment& pod = checked.request.args.attachment;
  const auto eni = TRY(checked.store.eni_of(pod.container_id, pod.if_name));
  return eni.has_value() ? routing_differences(checked, settings, *eni)
                         : Differences{"the store knows no ENI that has the pod's addresses"};
}

}  // namespace

Status check(const cni::Request& request) {
  const Settings settings = TRY(Settings::from(request.config));
  const auto own = [&settings](const Checked& checked) {
    return own_differences(checked, settings);
  };
  return attachment::check(request, settings, enilink::kPodsTable, own);
}

}  // namespace catena::multiip
