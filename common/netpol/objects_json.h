// Objects as the API server writes them, with what NetworkPolicy looks at and nothing else:
// policy_of, namespace_of and pod_of read them again, and get equal objects.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "common/netpol/objects.h"

namespace catena::netpol {

nlohmann::json to_json(const Policy& policy);
nlohmann::json to_json(const Namespace& space);
nlohmann::json to_json(const Pod& pod);

}  // namespace catena::netpol
