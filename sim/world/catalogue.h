// The instance types everybody has.
#pragma once

#include <map>
#include <string>

#include "sim/scene.h"

namespace catena::sim {

// By id.
std::map<std::string, InstanceType> catalogue();
// "ecs.g7" of "ecs.g7.xlarge".
std::string family_of(const std::string& type);

}  // namespace catena::sim
