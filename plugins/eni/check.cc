// CHECK: everything that ADD made, compared with the kernel and the store.
#include "common/attachment/check.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "common/attachment/result.h"
#include "common/podlink/names.h"
#include "common/podnic/check.h"
#include "plugins/eni/eni_plugin.h"
#include "plugins/eni/own_nic.h"
#include "plugins/eni/settings.h"

namespace catena::eni {
namespace {

using attachment::Differences;
using base::Result;
using base::Status;

struct Checked {
  const cni::Request& request;
  const Settings& settings;
  netlink::Socket& node;
};

Result<Differences> kernel_differences(const Checked& checked, const ipam::Eni& eni) {
  const cni::Request& request = checked.request;
  const Settings& settings = checked.settings;
  const auto& previous = request.config.prev_result;
  const auto nic = TRY(podlink::find_node(checked.node, "", settings.families));
  podnic::Expected expected{.nic = pod_nic_of(request, settings, eni, nic),
                            .mtu = std::nullopt,
                            .addresses = {},
                            .routes = previous->routes,
                            .peer = std::nullopt};
  if (const auto* of_pod = attachment::pod_interface_in(previous, request.args.attachment);
      of_pod != nullptr) {
    expected.mtu = of_pod->mtu;
  }
  expected.nic.addresses = attachment::addresses_in(previous, request.args.attachment);
  for (const cni::IpConfig& one : previous->ips) {
    const auto& own = expected.nic.addresses;
    if (std::ranges::find(own, one.address.address()) != own.end()) {
      expected.addresses.push_back(one.address);
    }
  }
  if (settings.host_peer) {
    expected.peer = host_peer_of(settings, eni, nic);
  }
  const auto sandbox = TRY(netlink::NetNs::open(request.args.netns));
  auto pod = TRY(netlink::Socket::open_in(sandbox));
  auto table = TRY(attachment::open_table());
  firewall::Table* const tables = table.has_value() ? &*table : nullptr;
  Differences found = TRY(podnic::differences(checked.node, pod, tables, expected));
  std::ranges::move(TRY(guard_differences(sandbox, settings, expected.nic)),
                    std::back_inserter(found));
  if (settings.host_peer) {
    const std::string host_link = podlink::host_link_name(request.args.attachment);
    std::ranges::move(TRY(attachment::firewall_differences(settings.firewall(), host_link,
                                                           expected.nic.addresses)),
                      std::back_inserter(found));
    std::ranges::move(attachment::forwarding_differences(settings), std::back_inserter(found));
  }
  return found;
}

}  // namespace

Status check(const cni::Request& request) {
  const Settings settings = TRY(Settings::from(request.config));
  const cni::Attachment& pod = request.args.attachment;
  ipam::Store store = settings.open_store();
  const auto eni = TRY(store.eni_of(pod.container_id, pod.if_name));
  const bool is_exclusive = eni.has_value() && eni->mode == ipam::kExclusiveMode;
  const bool was_made_so = attachment::has_own_nic(request.config.prev_result, pod);
  if (!is_exclusive && !was_made_so && settings.when == When::kRequested) {
    return {};  // another plugin of the chain serves the pod
  }
  if (!is_exclusive) {
    return attachment::verdict_on({"the store knows no ENI that this container has"});
  }
  auto node = TRY(netlink::Socket::open());
  const auto addresses = attachment::addresses_in(request.config.prev_result, pod);
  Differences found = TRY(attachment::store_differences(request, store, addresses));
  std::ranges::move(
      TRY(kernel_differences({.request = request, .settings = settings, .node = node}, *eni)),
      std::back_inserter(found));
  return attachment::verdict_on(found);
}

}  // namespace catena::eni
