// catena eni: the ENIs of this node.
#pragma once

#include "cli/options.h"
#include "cli/report.h"
#include "common/base/result.h"

namespace catena::cli {

// As the store has them, with the link that has the MAC of each.
base::Result<Report> eni_list(const Options& options);

}  // namespace catena::cli
