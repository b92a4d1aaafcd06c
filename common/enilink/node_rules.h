// The rules that a node has once, and those of pods. Internal to this folder.
#pragma once

#include <vector>

#include "common/enilink/routing.h"

namespace catena::enilink {

// Of the pods table and of hostStackCIDRs.
std::vector<netlink::Rule> node_rules(const Routing& routing);

// Whether this pod's packets have to be led to its ENI.
bool has_way(const PodPath& pod);
// Of Shape::kRules.
netlink::Rule source_rule(const PodPath& pod);
// The host route.
netlink::Route host_route(const PodPath& pod, int if_index);

}  // namespace catena::enilink
