#include "plugins/vpc-route/vpc_route_plugin.h"

#include <algorithm>

#include "common/attachment/add.h"
#include "common/attachment/collect.h"
#include "common/attachment/result.h"
#include "common/attachment/teardown.h"
#include "common/base/rollback.h"
#include "common/cni/wanted.h"
#include "common/podlink/pod_link.h"
#include "plugins/vpc-route/manage_route.h"
#include "plugins/vpc-route/settings.h"

namespace catena::vpc_route {
namespace {

using base::IpAddress;
using base::Result;
using base::Status;

Result<std::vector<IpAddress>> claim_addresses(const cni::Request& request,
                                               const Settings& settings, netlink::Socket& node) {
  ipam::Claim claim;
  claim.owner = attachment::owner_of(request);
  claim.sets = settings.sets;
  std::ranges::transform(cni::wanted_ips(request), std::back_inserter(claim.wanted),
                         &base::Prefix::address);
  ipam::Store store = settings.open_store();
  const auto records = store.claim(claim, attachment::known_to_kernel(node));
  attachment::log_all(request, store.take_notices());
  if (!records.ok()) {
    return records.error();
  }
  std::vector<IpAddress> addresses;
  std::ranges::transform(*records, std::back_inserter(addresses), &ipam::Record::address);
  return addresses;
}

Status set_up_firewall(const Settings& settings, const podlink::PodLink& link) {
  const attachment::FirewallKeys keys = settings.firewall();
  auto table = TRY(attachment::open_table_for(keys));
  // Without one no guard can exist, so there is nothing to be let through.
  return table.has_value() ? attachment::set_up_firewall(*table, keys, link) : Status();
}

attachment::TeardownPlan teardown_plan(const Settings& settings, ipam::Store& store) {
  return {.store = &store, .firewall = settings.firewall()};
}

}  // namespace

Result<cni::AddResult> add(const cni::Request& request) {
  const Settings settings = TRY(Settings::from(request.config));
  if (attachment::pod_interface_in(request.config.prev_result, request.args.attachment) !=
      nullptr) {
    return *request.config.prev_result;  // catena-eni gave this pod an ENI of its own
  }
  TRY(ensure_routes(request, settings));
  const auto sandbox = TRY(netlink::NetNs::open(request.args.netns));
  auto node = TRY(netlink::Socket::open());
  auto pod = TRY(netlink::Socket::open_in(sandbox));
  const podlink::Node nic =
      TRY(podlink::find_node(node, settings.node_interface, settings.families));
  podlink::PodLink link = attachment::plan_link(request, settings.mtu.value_or(nic.mtu));
  link.routes = settings.routes;
  TRY(podlink::ensure_forwarding(node, settings.forwarding, settings.families));
  TRY(podlink::clear_leftovers(node, pod, link.attachment));

  base::Rollback undo;
  undo.push([&] {
    ipam::Store store = settings.open_store();
    attachment::undo_add(request, teardown_plan(settings, store));
  });
  link.addresses = TRY(claim_addresses(request, settings, node));
  TRY(set_up_firewall(settings, link));
  const podlink::Ends ends = TRY(podlink::create_ends(node, pod, sandbox, link));
  auto routes = TRY(podlink::configure_pod_end(pod, sandbox, ends, link));
  TRY(podlink::configure_host_end(node, ends, link, nic));
  undo.commit();
  return attachment::result_with(request, ends, link, std::move(routes));
}

Status del(const cni::Request& request) {
  const Settings settings = Settings::lenient_from(request.config);
  ipam::Store store = settings.open_store();
  return attachment::del(request, teardown_plan(settings, store));
}

Status gc(const cni::Request& request) {
  const Settings settings = Settings::lenient_from(request.config);
  ipam::Store store = settings.open_store();
  const auto lies_in_a_range = [&settings](const IpAddress& address,
                                           const std::vector<ipam::Record>&) {
    return std::ranges::any_of(settings.sets, [&address](const ipam::RangeSet& set) {
      return std::ranges::any_of(
          set, [&address](const ipam::Range& range) { return range.subnet.contains(address); });
    });
  };
  return attachment::collect(request, {.teardown = teardown_plan(settings, store),
                                       .table = netlink::kMainTable,
                                       .may_be_ours = lies_in_a_range});
}

}  // namespace catena::vpc_route
