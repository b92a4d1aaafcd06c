// Running catena-agent for what needs the cloud.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "common/base/result.h"

namespace catena::ask {

// The first of: each directory of CNI_PATH, /opt/cni/bin, /usr/local/bin, /usr/bin that has it.
// kNotFound names them.
base::Result<std::string> find_agent(const std::vector<std::string>& cni_path);

// Runs `program` with `arguments` and the environment of this process; killed after `patience`.
// What it printed on stdout (64 KiB at most). An exit status other than 0 is kTryAgain with the
// last line of its stderr.
base::Result<std::string> run_agent(const std::string& program,
                                    const std::vector<std::string>& arguments,
                                    std::chrono::milliseconds patience);

}  // namespace catena::ask
