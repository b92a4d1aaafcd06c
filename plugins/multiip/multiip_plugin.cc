#include "plugins/multiip/multiip_plugin.h"

#include <algorithm>
#include <set>

#include "common/attachment/add.h"
#include "common/attachment/collect.h"
#include "common/attachment/result.h"
#include "common/base/rollback.h"
#include "common/netlink/netns.h"
#include "common/podlink/pod_link.h"
#include "plugins/multiip/claim.h"
#include "plugins/multiip/settings.h"
#include "plugins/multiip/source_routing.h"

namespace catena::multiip {
namespace {

using base::IpAddress;
using base::Result;
using base::Status;

// The three kernels that an ADD talks to.
struct Sockets {
  netlink::Socket& node;
  netlink::Socket& pod;
  std::optional<firewall::Table>& table;
};

Result<enilink::Shape> choose_shape(const enilink::Kernel& kernel, const Settings& settings) {
  const enilink::Shape shape = TRY(enilink::choose_shape(kernel, settings.routing, settings.marks));
  if (settings.masquerade && shape == enilink::Shape::kRules) {
    return base::Error(base::ErrorKind::kUnsupported,
                       "masquerade: needs source routing by marks, which this kernel can't do")
        .advice("set masquerade to false and let a NAT gateway of the VPC serve the pods");
  }
  return shape;
}

// From the claim to a link that carries packets.
Result<cni::AddResult> connect(const cni::Request& request, const Settings& settings,
                               const netlink::NetNs& sandbox, const Sockets& sockets) {
  const enilink::Kernel kernel = kernel_of(sockets.node, sockets.table);
  const enilink::Shape shape = TRY(choose_shape(kernel, settings));
  const enilink::Routing routing = settings.routing_of(shape);
  const podlink::Node nic =
      TRY(podlink::find_node(sockets.node, settings.node_interface, settings.families));
  TRY(enilink::ensure_node(kernel, routing));
  const Placed placed = TRY(place(request, settings, kernel, routing));

  podlink::PodLink link =
      attachment::plan_link(request, settings.mtu.value_or(placed.link.link.mtu));
  link.addresses = placed.addresses;
  link.routes = settings.routes;
  link.table = enilink::kPodsTable;
  const PodOnEni pod{.attachment = link.attachment,
                     .addresses = link.addresses,
                     .slot = placed.eni.slot,
                     .by_main = placed.link.is_primary};
  const attachment::FirewallKeys keys = settings.firewall(shape);
  TRY(enilink::admit_pod(kernel, routing, paths_of(pod, nic), attachment::entries_for(keys, link)));
  if (keys.masquerade && sockets.table.has_value()) {
    TRY(sockets.table->masquerade(link.addresses, keys.kept, keys.marks));
  }
  const podlink::Ends ends = TRY(podlink::create_ends(sockets.node, sockets.pod, sandbox, link));
  auto routes = TRY(podlink::configure_pod_end(sockets.pod, sandbox, ends, link));
  TRY(podlink::configure_host_end(sockets.node, ends, link, nic));

  return attachment::result_with(request, ends, link, std::move(routes));
}

}  // namespace

Result<cni::AddResult> add(const cni::Request& request) {
  const Settings settings = TRY(Settings::from(request.config));
  if (attachment::pod_interface_in(request.config.prev_result, request.args.attachment) !=
      nullptr) {
    return *request.config.prev_result;  // catena-eni gave this pod an ENI of its own
  }
  const auto sandbox = TRY(netlink::NetNs::open(request.args.netns));
  auto node = TRY(netlink::Socket::open());
  auto pod = TRY(netlink::Socket::open_in(sandbox));
  auto table = TRY(attachment::open_table_for(settings.firewall(enilink::Shape::kRules)));
  TRY(podlink::ensure_forwarding(node, settings.forwarding, settings.families));
  TRY(podlink::clear_leftovers(node, pod, request.args.attachment));

  base::Rollback undo;
  undo.push([&] {
    ipam::Store store = settings.open_store();
    attachment::undo_add(request, teardown_plan(settings, store));
  });
  Result<cni::AddResult> result =
      connect(request, settings, sandbox, {.node = node, .pod = pod, .table = table});
  if (result.ok()) {
    undo.commit();
  }
  return result;
}

Status del(const cni::Request& request) {
  const Settings settings = Settings::lenient_from(request.config);
  ipam::Store store = settings.open_store();
  return attachment::del(request, teardown_plan(settings, store));
}

Status gc(const cni::Request& request) {
  const Settings settings = Settings::lenient_from(request.config);
  ipam::Store store = settings.open_store();
  std::set<std::string> enis;
  for (const ipam::EniStock& stock : TRY(store.stock())) {
    enis.insert(stock.eni.id);
  }
  const auto is_of_an_eni = [&enis](const IpAddress& address,
                                    const std::vector<ipam::Record>& records) {
    const auto found = std::ranges::find(records, address, &ipam::Record::address);
    return found != records.end() && enis.contains(found->pool);
  };
  return attachment::collect(request, {.teardown = teardown_plan(settings, store),
                                       .table = enilink::kPodsTable,
                                       .may_be_ours = is_of_an_eni});
}

}  // namespace catena::multiip
