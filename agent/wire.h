// How requests and answers look on the socket, one JSON line each.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "agent/registry.h"
#include "common/base/result.h"

namespace catena::agent {

inline constexpr std::size_t kMostRequest = std::size_t{64} << 10U;  // bytes of a line

// Milliseconds that a request may ask for, and what it gets without `deadlineMs`.
inline constexpr std::int64_t kMostDeadlineMs = 3'600'000;
inline constexpr std::int64_t kDeadlineMs = 120'000;

struct WireRequest {
  const DutyKind* duty = nullptr;
  std::string args;  // a JSON object; equal ones have equal texts
  Millis deadline{kDeadlineMs};
};
// {"duty":"pool.grow","args":{...},"deadlineMs":12000}; `args` and `deadlineMs` may be absent.
// kUndecodable or kBadConfig.
base::Result<WireRequest> parse_request(std::string_view line);

// {"result":{...}} or {"error":{"kind":"try-again","text":...,"code":...,"requestId":...,
// "advice":...}}, the empty ones left out; without a newline.
std::string to_line(const base::Result<nlohmann::json>& result);

// "try-again", "bad-config", ...
std::string_view name_of(base::ErrorKind kind);
// The cloud's, as its errors name it in their text; empty where there is none.
std::string request_id_in(std::string_view message);

}  // namespace catena::agent
