// What the API server says of this node's pods, as far as duties need it.
#pragma once

#include <set>
#include <string>

namespace catena::agent {

// A snapshot; only made from a complete list.
struct PodsSeen {
  std::set<std::string> present;  // "namespace/name", whatever their phase
  // Scheduled to this node, not on the host network, and without an address yet.
  int pending = 0;
};

}  // namespace catena::agent
