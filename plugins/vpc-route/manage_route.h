// The VPC's route entry podCIDR -> this node, for nodes whose cloud controller manager makes none.
#pragma once

#include <string>
#include <vector>

#include "common/base/ip.h"
#include "common/base/result.h"
#include "common/cni/plugin.h"
#include "plugins/vpc-route/settings.h"

namespace catena::vpc_route {

// Once per boot and podCIDR: runs "catena-agent call route.ensure", one run at a time on the node,
// for as long as runtimes wait at least. Later calls only read the store. kTryAgain with what the
// agent said where the entry could not be made sure of.
base::Status ensure_routes(const cni::Request& request, const Settings& settings);

// The podCIDRs that nobody has made sure of since the boot.
base::Result<std::vector<base::Prefix>> missing_routes(ipam::Store& store,
                                                       const Settings& settings);

}  // namespace catena::vpc_route
