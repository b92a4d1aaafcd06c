#include "plugins/vpc-route/vpc_route_plugin.h"

#include <algorithm>

#include "common/base/rollback.h"
#include "common/cni/wanted.h"
#include "common/firewall/table.h"
#include "common/netlink/socket.h"
#include "common/podlink/names.h"
#include "common/podlink/pod_link.h"
#include "plugins/vpc-route/attachment_result.h"
#include "plugins/vpc-route/manage_route.h"
#include "plugins/vpc-route/settings.h"
#include "plugins/vpc-route/teardown.h"

namespace catena::vpc_route {
namespace {

using base::ErrorKind;
using base::IpAddress;
using base::Result;
using base::Status;

void log_all(const cni::Request& request, const std::vector<std::string>& notices) {
  for (const std::string& notice : notices) {
    request.log->warning(notice);
  }
}

// An address is in use when the node has a route to it alone: to a pod of any network, or to
// itself.
ipam::InUse asking_the_kernel(netlink::Socket& node) {
  return [&node](const IpAddress& address) -> Result<bool> {
    const Result<netlink::Route> route = node.matching_route(address);
    if (!route.ok()) {
      return route.error().is(ErrorKind::kNotFound) ? Result<bool>(false)
                                                    : Result<bool>(route.error());
    }
    return route->destination.length() == address.bits();
  };
}

Result<std::vector<IpAddress>> claim_addresses(const cni::Request& request,
                                               const Settings& settings, netlink::Socket& node) {
  ipam::Claim claim;
  claim.owner = {.container_id = request.args.attachment.container_id,
                 .if_name = request.args.attachment.if_name,
                 .network = request.config.name,
                 .netns = request.args.netns,
                 .pod = request.args.pod.to_string()};
  claim.sets = settings.sets;
  std::ranges::transform(cni::wanted_ips(request), std::back_inserter(claim.wanted),
                         &base::Prefix::address);
  ipam::Store store = settings.open_store();
  const auto records = store.claim(claim, asking_the_kernel(node));
  log_all(request, store.take_notices());
  if (!records.ok()) {
    return records.error();
  }
  std::vector<IpAddress> addresses;
  std::ranges::transform(*records, std::back_inserter(addresses), &ipam::Record::address);
  return addresses;
}

// The guard stands before the link carries anything. Without a policy plugin to open it, the pod is
// entered here.
Status set_up_firewall(const Settings& settings, const podlink::PodLink& link) {
  Result<firewall::Table> table = firewall::Table::open();
  if (!table.ok() && table.error().is(ErrorKind::kUnsupported) && !settings.closed_until_policy &&
      !settings.masquerade) {
    return {};  // no guard can exist on such a kernel, so there is nothing to be let through
  }
  if (!table.ok()) {
    return table.error();
  }
  std::vector<firewall::Entry> entries;
  if (!settings.closed_until_policy) {
    for (const IpAddress& address : link.addresses) {
      entries.push_back({podlink::host_link_name(link.attachment), address});
    }
  }
  TRY(table->ensure_guard(entries));
  if (settings.masquerade) {
    TRY(table->masquerade(link.addresses, settings.kept_networks()));
  }
  return {};
}

podlink::PodLink plan_link(const cni::Request& request, const Settings& settings,
                           std::uint32_t node_mtu) {
  const std::string pod = request.args.pod.to_string();
  podlink::PodLink link;
  link.attachment = request.args.attachment;
  link.alias = (pod.empty() ? link.attachment.container_id : pod).substr(0, podlink::kLongestAlias);
  link.mtu = settings.mtu.value_or(node_mtu);
  link.mac = cni::wanted_mac(request).value_or(podlink::pod_mac(link.attachment));
  link.routes = settings.routes;
  return link;
}

}  // namespace

Result<cni::AddResult> add(const cni::Request& request) {
  const Settings settings = TRY(Settings::from(request.config));
  if (pod_interface_in(request.config.prev_result, request.args.attachment) != nullptr) {
    return *request.config.prev_result;  // catena-eni gave this pod an ENI of its own
  }
  TRY(ensure_routes(request, settings));
  const auto sandbox = TRY(netlink::NetNs::open(request.args.netns));
  auto node = TRY(netlink::Socket::open());
  auto pod = TRY(netlink::Socket::open_in(sandbox));
  const podlink::Node nic =
      TRY(podlink::find_node(node, settings.node_interface, settings.families()));
  podlink::PodLink link = plan_link(request, settings, nic.mtu);
  TRY(podlink::ensure_forwarding(node, settings.forwarding, settings.families()));
  TRY(podlink::clear_leftovers(node, pod, link.attachment));

  base::Rollback undo;
  undo.push([&] {
    std::vector<std::string> notices;
    const Teardown what{.attachment = link.attachment, .netns = request.args.netns};
    if (const Status undone = tear_down(settings, what, notices); !undone.ok()) {
      notices.push_back("undo a failed ADD: " + undone.error().text());
    }
    log_all(request, notices);
  });
  link.addresses = TRY(claim_addresses(request, settings, node));
  TRY(set_up_firewall(settings, link));
  const podlink::Ends ends = TRY(podlink::create_ends(node, pod, sandbox, link));
  auto routes = TRY(podlink::configure_pod_end(pod, sandbox, ends, link));
  TRY(podlink::configure_host_end(node, ends, link, nic));
  undo.commit();

  cni::AddResult result = request.config.prev_result.value_or(cni::AddResult());
  podlink::append_to_result(result, ends, link, request.args.netns, std::move(routes));
  result.dns = request.config.dns.empty() ? result.dns : request.config.dns;
  return result;
}

Status del(const cni::Request& request) {
  const Settings settings = Settings::lenient_from(request.config);
  std::vector<std::string> notices;
  const Teardown what{
      .attachment = request.args.attachment,
      .netns = request.args.netns,
      .remembered = addresses_in(request.config.prev_result, request.args.attachment)};
  Status done = tear_down(settings, what, notices);
  log_all(request, notices);
  return done;
}

}  // namespace catena::vpc_route
