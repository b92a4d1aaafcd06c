#include "common/podlink/check.h"

#include <algorithm>

#include "common/base/text.h"
#include "common/firewall/table.h"
#include "common/netlink/socket.h"
#include "common/podlink/names.h"
#include "plugins/vpc-route/attachment_result.h"
#include "plugins/vpc-route/manage_route.h"
#include "plugins/vpc-route/settings.h"
#include "plugins/vpc-route/vpc_route_plugin.h"

namespace catena::vpc_route {
namespace {

using base::Error;
using base::ErrorKind;
using base::IpAddress;
using base::Result;
using base::Status;
using Differences = std::vector<std::string>;

Status compare_store(const cni::Request& request, const Settings& settings,
                     const std::vector<IpAddress>& expected, Differences& found) {
  ipam::Store store = settings.open_store();
  const cni::Attachment& attachment = request.args.attachment;
  const auto held = store.find(attachment.container_id, attachment.if_name);
  for (const std::string& notice : store.take_notices()) {
    request.log->warning(notice);
  }
  if (!held.ok()) {
    return held.error();
  }
  for (const IpAddress& address : expected) {
    if (std::ranges::find(*held, address, &ipam::Record::address) == held->end()) {
      found.push_back("the store has no record of " + address.to_string() + " for this container");
    }
  }
  for (const ipam::Record& record : *held) {
    if (std::ranges::find(expected, record.address) == expected.end()) {
      found.push_back("the store holds " + record.address.to_string() +
                      " for this container, the result of ADD does not");
    }
  }
  return {};
}

Status compare_routes(const Settings& settings, Differences& found) {
  if (!settings.manage_route) {
    return {};
  }
  ipam::Store store = settings.open_store();
  for (const base::Prefix& cidr : TRY(missing_routes(store, settings))) {
    found.push_back("nobody has made sure of the VPC route entry for " + cidr.to_string() +
                    " since the boot (catena-agent call route.ensure --cidr " + cidr.to_string() +
                    ")");
  }
  return {};
}

Status compare_firewall(const Settings& settings, const std::string& host_link,
                        const std::vector<IpAddress>& addresses, Differences& found) {
  Result<firewall::Table> table = firewall::Table::open();
  if (!table.ok() && table.error().is(ErrorKind::kUnsupported) && !settings.closed_until_policy &&
      !settings.masquerade) {
    return {};
  }
  if (!table.ok()) {
    return table.error();
  }
  if (!TRY(table->has_guard())) {
    found.emplace_back("the guard of table inet catena is gone or incomplete");
    return {};
  }
  for (const IpAddress& address : addresses) {
    if (!settings.closed_until_policy && !TRY(table->is_entered({host_link, address}))) {
      found.push_back("the guard does not let " + host_link + " with " + address.to_string() +
                      " through");
    }
    if (settings.masquerade && !TRY(table->is_masqueraded(address, settings.kept_networks()))) {
      found.push_back(address.to_string() + " is not masqueraded");
    }
  }
  return {};
}

Status compare_link(const cni::Request& request, const Settings& settings,
                    const std::vector<IpAddress>& addresses, Differences& found) {
  const auto sandbox = TRY(netlink::NetNs::open(request.args.netns));
  auto node = TRY(netlink::Socket::open());
  auto pod = TRY(netlink::Socket::open_in(sandbox));
  const auto& previous = request.config.prev_result;
  const cni::Interface* link = pod_interface_in(previous, request.args.attachment);
  podlink::Expected expected;
  expected.attachment = request.args.attachment;
  expected.addresses = addresses;
  expected.routes = previous->routes;
  expected.node = TRY(podlink::find_node(node, settings.node_interface, settings.families()));
  expected.mtu = link->mtu.value_or(settings.mtu.value_or(expected.node.mtu));
  if (!link->mac.empty()) {
    expected.mac = TRY(base::Mac::parse(link->mac));
  }
  std::ranges::move(TRY(podlink::differences(node, pod, expected)), std::back_inserter(found));
  return {};
}

}  // namespace

Status check(const cni::Request& request) {
  const Settings settings = TRY(Settings::from(request.config));
  const cni::Attachment& attachment = request.args.attachment;
  const auto& previous = request.config.prev_result;
  if (!previous) {
    return Error(ErrorKind::kBadConfig, "prevResult: CHECK needs the result of ADD")
        .advice("the runtime's cache has lost it: call DEL, then ADD");
  }
  if (pod_interface_in(previous, attachment) == nullptr) {
    return Error(ErrorKind::kDiffers,
                 "the result of ADD has no interface '" + attachment.if_name + "' in a sandbox");
  }
  if (!is_ours(previous, attachment)) {
    return {};  // another plugin of the chain made it, and checks it
  }
  const std::vector<IpAddress> addresses = addresses_in(previous, attachment);
  Differences found;
  TRY(compare_link(request, settings, addresses, found));
  TRY(compare_store(request, settings, addresses, found));
  TRY(compare_routes(settings, found));
  TRY(compare_firewall(settings, podlink::host_link_name(attachment), addresses, found));
  if (const Status forwarding = podlink::check_forwarding(settings.families()); !forwarding.ok()) {
    found.push_back(forwarding.error().text());
  }
  if (found.empty()) {
    return {};
  }
  return Error(ErrorKind::kDiffers, base::join(found, "; "))
      .advice("the pod's network is not as ADD made it: delete the pod to have it made anew");
}

}  // namespace catena::vpc_route
