#include "plugins/eni/eni_plugin.h"

#include <algorithm>
#include <iterator>

#include "common/attachment/add.h"
#include "common/attachment/collect.h"
#include "common/attachment/result.h"
#include "common/attachment/teardown.h"
#include "common/base/rollback.h"
#include "common/cni/wanted.h"
#include "common/netlink/netns.h"
#include "plugins/eni/claim.h"
#include "plugins/eni/own_nic.h"
#include "plugins/eni/settings.h"
#include "plugins/eni/wish.h"

namespace catena::eni {
namespace {

using base::Result;
using base::Status;

// What an ADD talks to.
struct Kernels {
  const netlink::NetNs& sandbox;
  netlink::Socket& node;
  netlink::Socket& pod;
  std::optional<firewall::Table>& table;  // there where the pod has a link to the node
};

void append_to_result(cni::AddResult& result, const netlink::Link& nic, const podnic::PodNic& plan,
                      const std::string& sandbox) {
  const int index = static_cast<int>(result.interfaces.size());
  result.interfaces.push_back(
      {.name = nic.name, .mac = nic.mac.to_string(), .mtu = plan.mtu, .sandbox = sandbox});
  std::ranges::transform(plan.addresses, std::back_inserter(result.ips),
                         [&plan, index](const base::IpAddress& address) -> cni::IpConfig {
                           return {.address = podnic::own_prefix(plan, address),
                                   .gateway = address.is_v4() ? plan.gateway : plan.gateway6,
                                   .interface = index};
                         });
}

// From the claim to a NIC that carries packets.
Result<cni::AddResult> connect(const cni::Request& request, const Settings& settings,
                               const Kernels& kernels) {
  const podlink::Node node = TRY(podlink::find_node(kernels.node, "", settings.families));
  const Claimed claimed = TRY(claim(request, settings, kernels.node));
  podnic::PodNic plan = pod_nic_of(request, settings, claimed.held.eni, node);
  std::ranges::transform(claimed.held.records, std::back_inserter(plan.addresses),
                         &ipam::Record::address);
  const podnic::HostPeer peer = host_peer_of(settings, claimed.held.eni, node);

  cni::AddResult result = request.config.prev_result.value_or(cni::AddResult());
  podlink::Ends ends;
  if (settings.host_peer) {
    ends = TRY(podnic::create_host_peer(kernels.node, kernels.pod, kernels.sandbox, plan));
    result.interfaces.push_back(
        {.name = ends.host.name, .mac = ends.host.mac.to_string(), .mtu = ends.host.mtu});
  }
  const netlink::Link nic =
      TRY(podnic::move_in(kernels.node, kernels.pod, kernels.sandbox, claimed.nic, plan));
  TRY(guard_nic(kernels.sandbox, settings, plan));
  auto routes = TRY(podnic::configure(kernels.pod, kernels.sandbox, nic, plan));
  append_to_result(result, nic, plan, request.args.netns);
  if (settings.host_peer) {
    TRY(podnic::configure_pod_peer(kernels.pod, ends, plan, peer));
    TRY(attachment::set_up_firewall(*kernels.table, settings.firewall(),
                                    podnic::host_link_of(plan)));
    TRY(podnic::configure_host_peer(kernels.node, *kernels.table, ends, plan, peer));
    result.interfaces.push_back({.name = ends.pod.name,
                                 .mac = ends.pod.mac.to_string(),
                                 .mtu = ends.pod.mtu,
                                 .sandbox = request.args.netns});
  }
  std::ranges::move(routes, std::back_inserter(result.routes));
  result.dns = request.config.dns.empty() ? result.dns : request.config.dns;
  return result;
}

// The VPC knows an ENI by its MAC.
Status has_no_mac_of_its_own(const cni::Request& request) {
  const std::optional<base::Mac> mac = cni::wanted_mac(request);
  if (!mac.has_value()) {
    return {};
  }
  return base::Error(base::ErrorKind::kBadConfig,
                     "the pod wants the MAC " + mac->to_string() + ", but an ENI keeps its own")
      .advice("leave the MAC out, or take aliyun/eni from the pod");
}

Result<cni::AddResult> add_own_nic(const cni::Request& request, const Settings& settings) {
  TRY(has_no_mac_of_its_own(request));
  const auto sandbox = TRY(netlink::NetNs::open(request.args.netns));
  auto node = TRY(netlink::Socket::open());
  auto pod = TRY(netlink::Socket::open_in(sandbox));
  std::optional<firewall::Table> table;
  if (settings.host_peer) {
    table = TRY(attachment::open_table_for(settings.firewall()));
    TRY(podlink::ensure_forwarding(node, settings.forwarding, settings.families));
  }
  TRY(podnic::clear_leftovers(node, pod, request.args.attachment, request.args.netns));

  base::Rollback undo;
  undo.push([&] {
    ipam::Store store = settings.open_store();
    attachment::undo_add(request, teardown_plan(settings, store));
  });
  Result<cni::AddResult> result =
      connect(request, settings, {.sandbox = sandbox, .node = node, .pod = pod, .table = table});
  if (result.ok()) {
    undo.commit();
  }
  return result;
}

// For a store that has lost its record: the NIC is known by what the runtime remembers and by its
// alias.
Status bring_home_as_remembered(const cni::Request& request) {
  const cni::Attachment& pod = request.args.attachment;
  const auto& remembered = request.config.prev_result;
  const cni::Interface* nic = attachment::pod_interface_in(remembered, pod);
  const auto mac = nic == nullptr ? Result<base::Mac>(base::Mac{}) : base::Mac::parse(nic->mac);
  if (!attachment::has_own_nic(remembered, pod) || !mac.ok()) {
    return {};
  }
  auto node = TRY(netlink::Socket::open());
  TRY(podnic::bring_home(
      node,
      {.mac = *mac, .if_name = pod.if_name, .netns = request.args.netns, .only_by_alias = true}));
  return {};
}

}  // namespace

Result<cni::AddResult> add(const cni::Request& request) {
  const Settings settings = TRY(Settings::from(request.config));
  const auto& before = request.config.prev_result;
  const bool is_served = attachment::pod_interface_in(before, request.args.attachment) != nullptr;
  if (is_served || !TRY(wants_eni(request, settings))) {
    return before.value_or(cni::AddResult());
  }
  return add_own_nic(request, settings);
}

Status del(const cni::Request& request) {
  const Settings settings = Settings::lenient_from(request.config);
  ipam::Store store = settings.open_store();
  TRY(attachment::del(request, teardown_plan(settings, store)));
  return bring_home_as_remembered(request);
}

Status gc(const cni::Request& request) {
  const Settings settings = Settings::lenient_from(request.config);
  ipam::Store store = settings.open_store();
  const auto is_ours = [](const base::IpAddress&, const std::vector<ipam::Record>&) {
    return true;
  };
  return attachment::collect(request, {.teardown = teardown_plan(settings, store),
                                       .table = enilink::kHostPeersTable,
                                       .may_be_ours = is_ours});
}

}  // namespace catena::eni
