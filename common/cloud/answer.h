// An answer of the OpenAPI read: its JSON object, or why there is none.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <nlohmann/json_fwd.hpp>

#include "common/base/result.h"
#include "common/cloud/credentials.h"
#include "common/cloud/http.h"

namespace catena::cloud {

// An error with what came beside it.
struct Refusal {
  base::Error error;
  // From x-ratelimit-*: when the rate allows the next call.
  std::optional<std::chrono::milliseconds> rate_wait;
  // From Date.
  std::optional<std::chrono::system_clock::time_point> server_time;
};

// What the answer is about, for its error. Nothing secret of `credentials` gets into a message.
struct Asked {
  std::string_view action;
  std::string_view string_to_sign;
  const Credentials* credentials = nullptr;
};

std::variant<nlohmann::json, Refusal> read_answer(const HttpResponse& response, const Asked& asked);

}  // namespace catena::cloud
