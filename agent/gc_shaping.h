// What catena-bandwidth left of pods that are gone, though nobody called its DEL.
#pragma once

#include <string>

#include "agent/gc.h"
#include "common/netlink/socket.h"

namespace catena::agent {

// Adds to `collected` each record of a pod whose namespace and whose links on the node are gone,
// and removes it with what it shaped unless it is a dry run.
void sweep_shaping(const std::string& state_dir, netlink::Socket& node, const GcOptions& options,
                   Collected& collected);

}  // namespace catena::agent
