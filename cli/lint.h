// catena lint: what is wrong with a conflist, before pods find out.
#pragma once

#include <string>

#include "cli/conflist.h"
#include "cli/findings.h"
#include "cli/options.h"

namespace catena::cli {

// The rules of a chain, then each plugin's own check of its keys: the binaries in `bin_dir`, and
// beside this program, are asked.
base::Result<Report> lint(const Options& options, const std::string& path);

// Only what is not as it should be; empty where all is well.
Findings lint_findings(const Conflist& conflist, const std::vector<std::string>& directories);

// Where plugins are looked for.
std::vector<std::string> plugin_directories(const Options& options);

}  // namespace catena::cli
