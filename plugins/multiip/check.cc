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

using attachment::Differences;
using base::IpAddress;
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

struct Checked {
  const cni::Request& request;
  const Settings& settings;
  const std::vector<IpAddress>& addresses;
  ipam::Eni eni;
  podlink::Node nic;
};

Result<Differences> routing_differences(const Checked& checked, netlink::Socket& node) {
  auto table = TRY(attachment::open_table());
  const enilink::Shape shape = TRY(shape_in_force(checked.settings, table));
  const auto primary = TRY(primary_nic(node, checked.settings));
  const PodOnEni pod{.attachment = checked.request.args.attachment,
                     .addresses = checked.addresses,
                     .slot = checked.eni.slot,
                     .by_main = primary.has_value() && primary->mac == checked.eni.mac};
  const enilink::State state{.routing = checked.settings.routing_of(shape),
                             .enis = {host_eni(checked.eni, checked.settings)},
                             .pods = paths_of(pod, checked.nic)};
  Differences found = TRY(enilink::differences(kernel_of(node, table), state));
  const std::string host_link = podlink::host_link_name(pod.attachment);
  std::ranges::move(TRY(attachment::firewall_differences(checked.settings.firewall(shape),
                                                         host_link, checked.addresses)),
                    std::back_inserter(found));
  return found;
}

Result<Differences> link_differences(const Checked& checked, netlink::Socket& node) {
  attachment::LinkExpectation expectation{.addresses = checked.addresses, .node = checked.nic};
  expectation.mtu = checked.settings.mtu.value_or(checked.nic.mtu);
  expectation.table = enilink::kPodsTable;
  return attachment::link_differences(checked.request, node, expectation);
}

}  // namespace

Status check(const cni::Request& request) {
  const Settings settings = TRY(Settings::from(request.config));
  const auto addresses = TRY(attachment::addresses_to_check(request));
  if (!addresses.has_value()) {
    return {};  // another plugin of the chain made the interface, and checks it
  }
  ipam::Store store = settings.open_store();
  auto node = TRY(netlink::Socket::open());
  Differences found = TRY(attachment::store_differences(request, store, *addresses));
  const cni::Attachment& pod = request.args.attachment;
  const auto eni = TRY(store.eni_of(pod.container_id, pod.if_name));
  Checked checked{.request = request,
                  .settings = settings,
                  .addresses = *addresses,
                  .eni = eni.value_or(ipam::Eni{}),
                  .nic = {}};
  checked.nic = TRY(podlink::find_node(node, settings.node_interface, settings.families));
  std::ranges::move(TRY(link_differences(checked, node)), std::back_inserter(found));
  if (eni.has_value()) {
    std::ranges::move(TRY(routing_differences(checked, node)), std::back_inserter(found));
  } else {
    found.emplace_back("the store knows no ENI that has the pod's addresses");
  }
  if (const Status forwarding = podlink::check_forwarding(settings.families); !forwarding.ok()) {
    found.push_back(forwarding.error().text());
  }
  return attachment::verdict_on(found);
}

}  // namespace catena::multiip
