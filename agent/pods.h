// What the API server says of this node's pods, as far as duties need it.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "common/podwish/wishes.h"

namespace catena::agent {

// A snapshot; only made from a complete list.
struct PodsSeen {
  std::map<std::string, podwish::Wishes> present;  // by "namespace/name", whatever their phase
  // Scheduled to this node, not on the host network, and without an address yet.
  int pending = 0;
};

// What is known now, perhaps of an earlier moment where the API server is away: nothing for a pod
// that is unknown, or known under another uid.
using FindWishes = std::function<std::optional<podwish::Wishes>(const podwish::PodName& pod)>;

}  // namespace catena::agent
