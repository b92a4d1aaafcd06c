#include "common/kube/failure.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include <nlohmann/json.hpp>

#include "common/base/fields.h"
#include "common/base/text.h"
#include "common/kube/objects.h"

namespace catena::kube {
namespace {

using base::Error;
using base::ErrorKind;
using Json = nlohmann::json;

constexpr std::size_t kMostStatus = std::size_t{1} << 20U;  // bytes
constexpr std::size_t kMostShown = 300;                     // bytes of a body that is no Status

std::string one_line(std::string_view text) {
  std::string line(base::trim(text.substr(0, kMostShown)));
  std::ranges::replace_if(
      line, [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  return line;
}

bool is_too_new(const Json& object) {
  const Json* causes = find_at(object, {"details", "causes"});
  return causes != nullptr && causes->is_array() &&
         std::ranges::any_of(*causes, [](const Json& cause) {
           return text_at(cause, {"reason"}) == "ResourceVersionTooLarge";
         });
}

ErrorKind kind_of(int status, std::string_view reason) {
  switch (status) {
    case 404:
      return ErrorKind::kNotFound;
    case 409:
      return reason == "AlreadyExists" ? ErrorKind::kExists : ErrorKind::kTryAgain;
    case 410:
    case 429:
      return ErrorKind::kTryAgain;
    default:
      return status >= 500 ? ErrorKind::kTryAgain : ErrorKind::kInternal;
  }
}

std::string code_of(int status, const std::string& reason, bool too_new) {
  if (too_new) {
    return std::string(kTooNew);
  }
  if (status == 410) {
    return std::string(kExpired);
  }
  if (status == 401) {
    return std::string(kUnauthorized);
  }
  return reason.empty() ? "Http." + std::to_string(status) : reason;
}

std::string_view advice_for(int status) {
  switch (status) {
    case 401:
      return "the API server does not accept our token or certificate: renew it";
    case 403:
      return "grant it in the ClusterRole of our service account or user";
    default:
      return {};
  }
}

std::optional<std::chrono::seconds> wait_of(const Json& object) {
  const Json* seconds = find_at(object, {"details", "retryAfterSeconds"});
  if (seconds == nullptr || !seconds->is_number_integer()) {
    return std::nullopt;
  }
  constexpr std::int64_t kMostSeconds = 3'600;
  return std::chrono::seconds(
      std::clamp<std::int64_t>(seconds->get<std::int64_t>(), 0, kMostSeconds));
}

Refusal make(std::string_view what, int status, const Json& object, std::string_view shown) {
  const std::string& reason = text_at(object, {"reason"});
  std::string message = std::string(what) + ": " + std::to_string(status);
  message += reason.empty() ? "" : " " + reason;
  message += shown.empty() ? "" : ": " + one_line(shown);
  Error error = Error(kind_of(status, reason), std::move(message))
                    .code(code_of(status, reason, is_too_new(object)))
                    .advice(advice_for(status));
  return Refusal{std::move(error), status, wait_of(object)};
}

}  // namespace

bool Refusal::may_pass() const { return status == 429 || status >= 500; }

Refusal refusal_of(std::string_view what, int status, std::string_view body) {
  const base::Result<Json> read = base::parse_json(body, kMostStatus);
  if (read.ok() && text_at(*read, {"kind"}) == "Status") {
    return make(what, status, *read, text_at(*read, {"message"}));
  }
  return make(what, status, Json(), body);
}

Refusal refusal_of(std::string_view what, const Json& status_object) {
  const Json* code = find_at(status_object, {"code"});
  const bool known = code != nullptr && code->is_number_integer();
  const int status = known ? code->get<int>() : 500;
  return make(what, status, status_object, text_at(status_object, {"message"}));
}

}  // namespace catena::kube
