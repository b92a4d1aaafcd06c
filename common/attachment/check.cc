#include "common/attachment/check.h"

#include <algorithm>

#include "common/attachment/add.h"
#include "common/attachment/result.h"
#include "common/base/text.h"
#include "common/podlink/check.h"

namespace catena::attachment {

using base::Error;
using base::ErrorKind;
using base::IpAddress;
using base::Result;
using base::Status;

Result<std::optional<std::vector<IpAddress>>> addresses_to_check(const cni::Request& request) {
  using Addresses = std::vector<IpAddress>;
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
  return is_ours(previous, attachment)
             ? std::optional<Addresses>(addresses_in(previous, attachment))
             : std::optional<Addresses>();
}

Result<Differences> store_differences(const cni::Request& request, ipam::Store& store,
                                      const std::vector<IpAddress>& expected) {
  const cni::Attachment& attachment = request.args.attachment;
  const auto held = store.find(attachment.container_id, attachment.if_name);
  log_all(request, store.take_notices());
  if (!held.ok()) {
    return held.error();
  }
  Differences found;
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
  return found;
}

Result<Differences> link_differences(const cni::Request& request, netlink::Socket& node,
                                     const LinkExpectation& expectation) {
  const auto sandbox = TRY(netlink::NetNs::open(request.args.netns));
  auto pod = TRY(netlink::Socket::open_in(sandbox));
  const auto& previous = request.config.prev_result;
  const cni::Interface* link = pod_interface_in(previous, request.args.attachment);
  podlink::Expected expected;
  expected.attachment = request.args.attachment;
  expected.addresses = expectation.addresses;
  expected.routes = previous->routes;
  expected.node = expectation.node;
  expected.mtu = link->mtu.value_or(expectation.mtu);
  expected.table = expectation.table;
  if (!link->mac.empty()) {
    expected.mac = TRY(base::Mac::parse(link->mac));
  }
  return podlink::differences(node, pod, expected);
}

Differences forwarding_differences(const LinkSettings& settings) {
  Differences found;
  if (const Status forwarding = podlink::check_forwarding(settings.families); !forwarding.ok()) {
    found.push_back(forwarding.error().text());
  }
  return found;
}

Status verdict_on(const Differences& found) {
  if (found.empty()) {
    return {};
  }
  return Error(ErrorKind::kDiffers, base::join(found, "; "))
      .advice("the pod's network is not as ADD made it: delete the pod to have it made anew");
}

Status check(const cni::Request& request, const LinkSettings& settings, std::uint32_t table,
             const OwnDifferences& own) {
  auto addresses = TRY(addresses_to_check(request));
  if (!addresses.has_value()) {
    return {};
  }
  ipam::Store store = settings.open_store();
  auto node = TRY(netlink::Socket::open());
  Checked checked{.request = request,
                  .store = store,
                  .node = node,
                  .addresses = *std::move(addresses),
                  .nic = {}};
  checked.nic = TRY(podlink::find_node(node, settings.node_interface, settings.families));
  LinkExpectation expectation{.addresses = checked.addresses, .node = checked.nic};
  expectation.mtu = settings.mtu.value_or(checked.nic.mtu);
  expectation.table = table;

  Differences found = TRY(store_differences(request, store, checked.addresses));
  std::ranges::move(TRY(link_differences(request, node, expectation)), std::back_inserter(found));
  std::ranges::move(TRY(own(checked)), std::back_inserter(found));
  std::ranges::move(forwarding_differences(settings), std::back_inserter(found));
  return verdict_on(found);
}

}  // namespace catena::attachment
