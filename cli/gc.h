// catena gc: what no pod owns any more.
#pragma once

#include "cli/options.h"
#include "cli/report.h"
#include "common/base/result.h"

namespace catena::cli {

// The agent's duty gc: removes it, or with --dry-run only names it.
base::Result<Report> gc(const Options& options);

}  // namespace catena::cli
