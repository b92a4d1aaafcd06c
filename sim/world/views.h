// How instances and ENIs look to their metadata service.
#pragma once

#include <optional>
#include <vector>

#include "sim/world/state.h"

namespace catena::sim {

std::optional<InstanceView> instance_view(const State& state, const std::string& id);
std::vector<NicView> nic_views(const State& state, const std::string& instance);

}  // namespace catena::sim
