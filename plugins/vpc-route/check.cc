#include "common/attachment/check.h"

#include <algorithm>

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
  const auto own = [&settings](const attachment::Checked& checked) -> Result<Differences> {
    Differences found = TRY(route_differences(settings, checked.store));
    const std::string host_link = podlink::host_link_name(checked.request.args.attachment);
    std::ranges::move(
        TRY(attachment::firewall_differences(settings.firewall(), host_link, checked.addresses)),
        std::back_inserter(found));
    return found;
  };
  return attachment::check(request, settings, netlink::kMainTable, own);
}

}  // namespace catena::vpc_route
