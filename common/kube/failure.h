// What a refusal of the API server means.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "common/base/result.h"

namespace catena::kube {

// Codes (base::Error::code) beside those that the API server gives as a Status's `reason`
// ("NotFound", "Conflict", "Forbidden", ...).
inline constexpr std::string_view kTransport = "Transport";  // no answer, or half of one
inline constexpr std::string_view kUntrusted = "Untrusted";  // certificates, ours or the server's
inline constexpr std::string_view kExpired = "Expired";      // 410, whatever the reason said
inline constexpr std::string_view kTooNew = "TooNew";        // a resourceVersion of the future
inline constexpr std::string_view kUnauthorized = "Unauthorized";  // 401

struct Refusal {
  base::Error error;
  int status = 0;
  // How long the server wants to be left alone.
  std::optional<std::chrono::seconds> retry_after;

  // Whether the same request may pass later: 429 and what is the server's own fault.
  bool may_pass() const;
};

// `what`: the request, as errors name it. `body`: a Status object, or anything at all.
Refusal refusal_of(std::string_view what, int status, std::string_view body);
// From a Status object that came as the event of a watch.
Refusal refusal_of(std::string_view what, const nlohmann::json& status_object);

}  // namespace catena::kube
