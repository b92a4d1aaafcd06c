// What tests and people order from a simulated cloud beside its own API: one JSON request, one JSON
// answer.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace catena::sim {

class World;
class Gateway;
class MetadataService;

// {"do": "<order>", ...}; orders and their keys are in sim/README.md. {"error": "..."} where it was
// refused. Takes the gateway's lock.
nlohmann::json admin(World& world, Gateway& gateway, MetadataService& metadata,
                     const nlohmann::json& request);

}  // namespace catena::sim
