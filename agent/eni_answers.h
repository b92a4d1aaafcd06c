// The duties of exclusive.h from JSON to JSON. docs/pool.md has arguments and results.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "agent/duty.h"
#include "common/base/fields.h"
#include "common/base/result.h"

namespace catena::agent {

base::Result<nlohmann::json> answer_eni_capacity(Duty& duty, base::Fields& args);
base::Result<nlohmann::json> answer_eni_grow(Duty& duty, base::Fields& args);
base::Result<nlohmann::json> answer_eni_keep(Duty& duty, base::Fields& args);

}  // namespace catena::agent
