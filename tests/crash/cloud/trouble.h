// What goes wrong around a node, by chance.
#pragma once

#include <optional>
#include <random>

#include <nlohmann/json.hpp>

#include "sim/gateway.h"
#include "sim/world.h"

namespace catena::crash {

// From 0 to `bound` - 1.
int below(std::mt19937_64& random, int bound);

// Replaces the faults that are to come by up to two new ones.
void disturb(sim::Faults& faults, std::mt19937_64& random);

// What somebody does in the console to an ENI that is not an instance's own: "delete_eni",
// "detach_eni" or "assign", or "unassign" with an "address". Nothing where there is none.
std::optional<nlohmann::json> mischief(const sim::World& world, std::mt19937_64& random);

}  // namespace catena::crash
