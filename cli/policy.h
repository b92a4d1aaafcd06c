// `catena policy`: NetworkPolicies as the agent has them.
#pragma once

#include <string>

#include "cli/options.h"
#include "cli/report.h"
#include "common/base/result.h"

namespace catena::cli {

struct Connection {
  std::string source;  // "namespace/pod" or an address
  std::string destination;
  std::string port;  // "80", "53/udp"
};
// Not good where the connection is not allowed.
base::Result<Report> policy_explain(const Options& options, const Connection& connection);
// `pod`: "namespace/name". Not good where the kernel has something otherwise.
base::Result<Report> policy_show(const Options& options, const std::string& pod);

}  // namespace catena::cli
