// The runtime's network configuration: written last, when this node can serve a pod.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "agent/registry.h"
#include "common/base/fields.h"
#include "common/base/result.h"

namespace catena::agent {

struct ConflistPlan {
  std::string from;  // what the admin keeps
  std::string to;    // where the runtime looks
  // Where the plugins are.
  std::vector<std::string> cni_path{"/opt/cni/bin"};
};

// Copies `from` to `to`, whole or not at all, mode 0644; whether it had to. Before that each plugin
// of it must be there, and ours must answer STATUS well, as the runtime will ask: kNotAvailable
// names the one that does not. Never removes `to`.
base::Result<bool> install_conflist(const ConflistPlan& plan, Millis patience);

// {"from":FILE,"to":FILE,"cniPath":[DIR,...]}
base::Result<nlohmann::json> answer_conflist(LocalDuty& duty, base::Fields& args);

}  // namespace catena::agent
