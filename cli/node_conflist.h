// catena conflist: a preset with this node's own podCIDRs.
#pragma once

#include <string>

#include "cli/options.h"
#include "cli/report.h"
#include "common/base/result.h"

namespace catena::cli {

// Writes `from` to `options.to`, whole or not at all, with podCIDRs of the node `options.node` (as
// the API server has them) in the place of those of catena-vpc-route. A conflist without that
// plugin is copied as it is, and nobody is asked. kTryAgain while the node has no podCIDR.
base::Result<Report> node_conflist(const Options& options, const std::string& from);

}  // namespace catena::cli
