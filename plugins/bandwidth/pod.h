// The two namespaces that a pod's limits are in, and the pod's interface as prevResult has it.
#pragma once

#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/cni/plugin.h"
#include "common/netlink/socket.h"
#include "common/shaping/shaping.h"
#include "plugins/bandwidth/settings.h"

namespace catena::bandwidth {

struct Sockets {
  netlink::Socket node;
  netlink::Socket pod;
};
// kNotFound or kBadNetns where there is no pod any more.
base::Result<Sockets> open_sockets(const std::string& netns);

// Without pipes.
shaping::Shaped shaped_of(const cni::Request& request, const Settings& settings);

// The names of the node's interfaces in prevResult.
std::vector<std::string> host_links_in(const cni::Request& request);

}  // namespace catena::bandwidth
