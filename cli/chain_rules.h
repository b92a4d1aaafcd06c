// What plugins of one chain demand of each other.
#pragma once

#include "cli/conflist.h"
#include "cli/findings.h"

namespace catena::cli {

// The order of plugins, who makes the interface, what only one of them may do.
Findings check_order(const Conflist& conflist);
// closedUntilPolicy, which the maker of the interface and `policy` must agree about.
Findings check_policy(const Conflist& conflist);
// markMask against kube-proxy, portmap and the other plugins of the chain.
Findings check_marks(const Conflist& conflist);
// stateDir, and the capabilities without which a plugin is never told what pods ask for.
Findings check_agreement(const Conflist& conflist);

// "plugins[2].markMask"
std::string subject_of(const Conflist& conflist, const PluginEntry& entry, const char* key);

}  // namespace catena::cli
