// What the kernel has of a pod's link to the node. Internal to this folder.
#pragma once

#include <vector>

#include "common/podnic/host_peer.h"

namespace catena::podnic {

firewall::NodeAddresses addresses_of(const podlink::Node& node);
// Of the node: the two that all such pods share, and the one of the ENI's mark.
std::vector<netlink::Rule> rules_of(const std::vector<base::Family>& families, int slot,
                                    const firewall::MarkSettings& marks);
// Of the pod, by its end of the link.
std::vector<netlink::Route> pod_routes_of(const PodNic& nic, const HostPeer& peer,
                                          const netlink::Link& inside);

}  // namespace catena::podnic
