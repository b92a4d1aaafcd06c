#include "plugins/eni/own_nic.h"

#include "common/attachment/add.h"
#include "common/base/error_list.h"
#include "common/podlink/pod_link.h"

namespace catena::eni {
namespace {

using base::Status;

podnic::Gone gone_of(const attachment::Held& held) {
  return {.attachment = held.attachment,
          .addresses = held.addresses,
          .slot = held.eni.has_value() ? held.eni->slot : 0};
}

Status bring_home(netlink::Socket& node, const attachment::Held& held) {
  if (!held.eni.has_value()) {
    return {};
  }
  // One that is nowhere (unplugged, say) is the agent's to find out about: the pod is gone anyway.
  const auto found = podnic::bring_home(
      node, {.mac = held.eni->mac, .if_name = held.attachment.if_name, .netns = held.netns});
  return found.ok() ? Status() : Status(base::Error(found.error()).context(held.eni->id));
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
