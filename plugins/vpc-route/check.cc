#include "common/attachment/check.h"

#include <algorithm>

#include "common/netlink/socket.h"
#include "common/podlink/names.h"
#include "plugins/vpc-route/manage_route.h"
#include "plugins/vpc-route/settings.h"
#include "plugins/vpc-route/vpc_route_plugin.h"

namespace catena::vpc_route {
namespace {

using attachment::Differences;
using base::Result;
using base::Status;

Result<Differences> route_differences(const Settings& settings, ipam::Store& store) {
  Differences found;
  if (!settings.manage_route) {
    return found;
  }
  for (const base::Prefix& cidr : TRY(missing_routes(store, settings))) {
    found.push_back("nobody has made sure of the VPC route entry for " + cidr.to_string() +
                    " since the boot (catena-agent call route.ensure --cidr " + cidr.to_string() +
                    ")");
  }
  return found;
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
  attachment::LinkExpectation expectation{.addresses = *addresses, .node = {}};
  expectation.node = TRY(podlink::find_node(node, settings.node_interface, settings.families()));
  expectation.mtu = settings.mtu.value_or(expectation.node.mtu);
  expectation.table = netlink::kMainTable;

  Differences found = TRY(attachment::link_differences(request, node, expectation));
  std::ranges::move(TRY(attachment::store_differences(request, store, *addresses)),
                    std::back_inserter(found));
  std::ranges::move(TRY(route_differences(settings, store)), std::back_inserter(found));
  const std::string host_link = podlink::host_link_name(request.args.attachment);
  std::ranges::move(
      TRY(attachment::firewall_differences(settings.firewall(), host_link, *addresses)),
      std::back_inserter(found));
  if (const Status forwarding = podlink::check_forwarding(settings.families()); !forwarding.ok()) {
    found.push_back(forwarding.error().text());
  }
  return attachment::verdict_on(found);
}

}  // namespace catena::vpc_route
