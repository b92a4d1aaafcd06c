// Objects of the API server as NetworkPolicy sees them, on the safe side where they can't be read.
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "common/netpol/objects.h"

namespace catena::agent {

template <typename Object>
struct Read {
  Object object;
  std::string trouble;  // what could not be read of it; empty: nothing
};

// One whose rules can't be read allows nothing to the pods that it selects, and where these can't
// be told, to all pods of its namespace. An error where it has no namespace or name.
base::Result<Read<netpol::Policy>> read_policy(const nlohmann::json& object);

}  // namespace catena::agent
