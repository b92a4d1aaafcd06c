// Network namespaces with a name below /run/netns, as `ip netns` knows them.
#pragma once

#include <cstdint>
#include <string>

#include "common/base/result.h"
#include "common/netlink/netns.h"
#include "sim/state_dir.h"

namespace catena::sim {

std::string netns_path(const std::string& name);

// A new namespace with lo up, put on record before and after. kExists where there is something of
// that name, whoever made it; kBadConfig for a name that is no plain file name.
base::Result<netlink::NetNs> create_named_netns(StateDir& state, const std::string& name);

// Takes the name away; the namespace lives on as long as a process or a descriptor is in it. Also
// ok when it is gone.
base::Status remove_named_netns(StateDir& state, const std::string& name);

// Removes what a simulation that was killed left behind: the namespaces on record that are still
// the ones it made, and first the links of `port_group` in them, so that the other ends go too, in
// whatever namespace they are. Returns how many there were.
base::Result<int> remove_leftovers(StateDir& state, std::uint32_t port_group);

}  // namespace catena::sim
