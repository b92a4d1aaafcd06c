// catena install and uninstall: Catena's files on a node, and all else of Catena that a node has.
#pragma once

#include "cli/options.h"
#include "cli/report.h"
#include "common/base/result.h"

namespace catena::cli {

// Copies the programs named catena* of `from` into `bin_dir`, each whole or not at all, also while
// the old one runs. Those that are the same already are left alone.
base::Result<Report> install(const Options& options);

// Takes from the node all that Catena has made: conflists, ENIs and route entries of the VPC,
// links, routes, rules, the firewall's table, the store, the programs; those last, so that a run
// that failed can be repeated. Refused while pods have addresses (unless `force`) and while an
// agent runs. With `dry_run` only names it.
base::Result<Report> uninstall(const Options& options);

}  // namespace catena::cli
