#include "agent/wire.h"

#include <nlohmann/json.hpp>

namespace catena::agent {

using base::ErrorKind;
using base::Result;
using Json = nlohmann::json;

Result<WireRequest> parse_request(std::string_view line) {
  const Json json = TRY(base::parse_json(line, kMostRequest).context("the request"));
  base::Fields fields = TRY(base::Fields::of(json, "").context("the request"));
  WireRequest request;
  const std::string duty = TRY(fields.string("duty")).value_or("");
  request.duty = TRY(find_duty(duty));
  const Json* args = fields.raw("args");
  if (args != nullptr && !args->is_object()) {
    return fields.bad_value("args", "an object");
  }
  request.args = args == nullptr ? "{}" : base::print_json(*args);
  request.deadline =
      Millis(TRY(fields.integer("deadlineMs", 1, kMostDeadlineMs)).value_or(kDeadlineMs));
  TRY(fields.no_unknown_keys());
  return request;
}

std::string to_line(const Result<Json>& result) {
  Json json;
  if (result.ok()) {
    json["result"] = *result;
    return base::print_json(json);
  }
  const base::Error& error = result.error();
  Json& answer = json["error"];
  answer["kind"] = name_of(error.kind());
  answer["text"] = error.message();
  const auto put = [&answer](const char* key, const std::string& value) {
    if (!value.empty()) {
      answer[key] = value;
    }
  };
  put("code", error.code());
  put("requestId", request_id_in(error.message()));
  put("advice", error.advice());
  return base::print_json(json);
}

std::string_view name_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInternal:
      return "internal";
    case ErrorKind::kNotFound:
      return "not-found";
    case ErrorKind::kExists:
      return "exists";
    case ErrorKind::kDiffers:
      return "differs";
    case ErrorKind::kBadEnvironment:
      return "bad-environment";
    case ErrorKind::kUndecodable:
      return "undecodable";
    case ErrorKind::kBadConfig:
      return "bad-config";
    case ErrorKind::kIncompatible:
      return "incompatible";
    case ErrorKind::kBadNetns:
      return "bad-netns";
    case ErrorKind::kIo:
      return "io";
    case ErrorKind::kTryAgain:
      return "try-again";
    case ErrorKind::kNotAvailable:
      return "not-available";
    case ErrorKind::kUnsupported:
      return "unsupported";
  }
  return "internal";
}

std::string request_id_in(std::string_view message) {
  constexpr std::string_view kLabel = "RequestId ";
  const std::size_t at = message.find(kLabel);
  if (at == std::string_view::npos) {
    return {};
  }
  const std::string_view rest = message.substr(at + kLabel.size());
  return std::string(rest.substr(0, rest.find_first_of(" ,;:)")));
}

}  // namespace catena::agent
