#include "plugins/eni/own_nic.h"

#include <algorithm>
#include <iterator>

#include "common/attachment/add.h"
#include "common/attachment/firewall.h"
#include "common/base/error_list.h"
#include "common/firewall/batch.h"
#include "common/firewall/objects.h"
#include "common/firewall/plan.h"
#include "common/firewall/read.h"
#include "common/firewall/table.h"
#include "common/podlink/pod_link.h"

namespace catena::eni {
namespace {

using base::ErrorKind;
using base::Status;

podnic::Gone gone_of(const attachment::Held& held) {
  return {.attachment = held.attachment,
          .addresses = held.addresses,
          .slot = held.eni.has_value() ? held.eni->slot : 0};
}

// What guarded the NIC inside the sandbox would guard any later link of that name too. Nothing
// where the sandbox is gone, or its path became something else.
Status remove_guard(const std::string& netns) {
  const auto sandbox = netlink::NetNs::open(netns);
  const auto home = TRY(netlink::NetNs::current());
  if (!sandbox.ok() || sandbox->same_as(home)) {
    return {};
  }
  const netlink::ScopedNetNs inside = TRY(netlink::ScopedNetNs::enter(*sandbox));
  auto socket = firewall::open_socket();
  if (!socket.ok()) {
    return socket.error().is(ErrorKind::kUnsupported) ? Status() : Status(socket.error());
  }
  if (TRY(firewall::set_names(socket->get(), firewall::kTable)).empty()) {
    return {};
  }
  firewall::Batch batch;
  batch.add(firewall::delete_table(firewall::kTable));
  return batch.commit(socket->get()).context("inside the pod's namespace");
}

Status bring_home(netlink::Socket& node, const attachment::Held& held) {
  if (!held.eni.has_value()) {
    return {};
  }
  // One that is nowhere (unplugged, say) is the agent's to find out about: the pod is gone anyway.
  const auto found = podnic::bring_home(
      node, {.mac = held.eni->mac, .if_name = held.attachment.if_name, .netns = held.netns});
  if (!found.ok()) {
    return base::Error(found.error()).context(held.eni->id);
  }
  return held.netns.empty() ? Status() : remove_guard(held.netns);
}

}  // namespace

podnic::PodNic pod_nic_of(const cni::Request& request, const Settings& settings,
                          const ipam::Eni& eni, const podlink::Node& node) {
  const podlink::PodLink link = attachment::plan_link(request, settings.mtu.value_or(node.mtu));
  return {.attachment = link.attachment,
          .alias = link.alias,
          .mac = eni.mac,
          .addresses = {},
          .prefix_length = eni.prefix_length,
          .gateway = eni.gateway,
          .gateway6 = eni.gateway6,
          .mtu = link.mtu};
}

podnic::HostPeer host_peer_of(const Settings& settings, const ipam::Eni& eni,
                              const podlink::Node& node) {
  return {
      .destinations = settings.by_node(), .node = node, .slot = eni.slot, .marks = settings.marks};
}

Status guard_nic(const netlink::NetNs& sandbox, const Settings& settings,
                 const podnic::PodNic& nic) {
  const netlink::ScopedNetNs inside = TRY(netlink::ScopedNetNs::enter(sandbox));
  const std::string& name = nic.attachment.if_name;
  if (settings.closed_until_policy) {
    auto table = TRY(firewall::Table::open());
    return table.ensure_nic_guard(name);
  }
  auto table = TRY(attachment::open_table());
  if (!table.has_value()) {
    return {};
  }
  std::vector<firewall::Entry> entries;
  std::ranges::transform(nic.addresses, std::back_inserter(entries),
                         [&name](const base::IpAddress& address) -> firewall::Entry {
                           return {name, address};
                         });
  Status entered = table->enter(entries);
  const bool no_guard = !entered.ok() && entered.error().is(ErrorKind::kNotFound);
  return no_guard ? Status() : entered;
}

base::Result<std::vector<std::string>> guard_differences(const netlink::NetNs& sandbox,
                                                         const Settings& settings,
                                                         const podnic::PodNic& nic) {
  std::vector<std::string> found;
  if (settings.closed_until_policy) {
    const netlink::ScopedNetNs inside = TRY(netlink::ScopedNetNs::enter(sandbox));
    auto table = TRY(firewall::Table::open());
    if (!TRY(table.has_nic_guard(nic.attachment.if_name))) {
      found.push_back("the guard of " + nic.attachment.if_name +
                      " inside the pod is gone or incomplete");
    }
  }
  return found;
}

attachment::TeardownPlan teardown_plan(const Settings& settings, ipam::Store& store) {
  return {.store = &store,
          .firewall = settings.firewall(),
          .exclusive = true,
          .forget =
              [](netlink::Socket& node, firewall::Table* table, const attachment::Held& held) {
                base::ErrorList failures;
                failures.add(podnic::forget_host_peer(table, gone_of(held)));
                failures.add(bring_home(node, held));
                return failures.to_status();
              },
          .remove =
              [](netlink::Socket& node, firewall::Table* table, const attachment::Held& held) {
                return podnic::remove_host_peer(node, table, gone_of(held));
              }};
}

}  // namespace catena::eni
