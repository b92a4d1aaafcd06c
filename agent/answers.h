// The duties of duties.h from JSON to JSON. docs/agent.md has arguments and results.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "agent/duties.h"
#include "common/base/fields.h"
#include "common/base/result.h"

namespace catena::agent {

// What was done; the first error where something is left.
base::Result<nlohmann::json> answer_of(const Recovered& recovered);

base::Result<nlohmann::json> answer_describe(Duty& duty, base::Fields& args);
base::Result<nlohmann::json> answer_grow(Duty& duty, base::Fields& args);
base::Result<nlohmann::json> answer_release(Duty& duty, base::Fields& args);
base::Result<nlohmann::json> answer_recover(Duty& duty, base::Fields& args);
base::Result<nlohmann::json> answer_route_ensure(Duty& duty, base::Fields& args);
base::Result<nlohmann::json> answer_route_remove(Duty& duty, base::Fields& args);

}  // namespace catena::agent
