#include "common/cloud/answer.h"

#include <algorithm>
#include <charconv>
#include <ctime>

#include <nlohmann/json.hpp>

#include "common/base/fields.h"
#include "common/base/text.h"
#include "common/cloud/encode.h"
#include "common/cloud/error_body.h"
#include "common/cloud/error_class.h"
#include "common/cloud/sign.h"

namespace catena::cloud {
namespace {

using base::Error;
using nlohmann::json;
using std::chrono::milliseconds;

constexpr std::size_t kMostBytes = std::size_t{8} << 20U;
constexpr std::size_t kMostQuoted = 300;  // bytes of an answer in a message

// "Limit:1,Remain:0,TimeLeft:2000,Reset:1234"
std::optional<milliseconds> time_left(std::string_view value) {
  for (const std::string_view part : base::split(value, ',')) {
    constexpr std::string_view kName = "TimeLeft:";
    const std::string_view item = base::trim(part);
    if (!item.starts_with(kName)) {
      continue;
    }
    std::int64_t number = 0;
    const char* end = item.data() + item.size();
    if (std::from_chars(item.data() + kName.size(), end, number).ec == std::errc() && number >= 0) {
      return milliseconds(number);
    }
  }
  return std::nullopt;
}

std::optional<milliseconds> rate_wait(const HttpResponse& response) {
  return std::max(time_left(response.header("x-ratelimit-user-api")),
                  time_left(response.header("x-ratelimit-user")));
}

// "Fri, 02 Jan 2026 03:04:05 GMT" (RFC 9110 section 5.6.7)
std::optional<std::chrono::system_clock::time_point> date_of(const HttpResponse& response) {
  const std::string date(response.header("Date"));
  const std::size_t comma = date.find(',');
  std::tm utc{};
  if (comma == std::string::npos ||
      ::strptime(date.c_str() + comma + 1, " %d %b %Y %H:%M:%S GMT", &utc) == nullptr) {
    return std::nullopt;
  }
  return std::chrono::system_clock::from_time_t(::timegm(&utc));
}

void replace_all(std::string& text, const std::string& what) {
  constexpr std::string_view kHidden = "***";
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += kHidden.size()) {
    text.replace(at, what.size(), kHidden);
  }
}

// Servers quote what they were sent. What is shorter than any real secret is no secret.
std::string without_secrets(std::string text, const Credentials& credentials) {
  constexpr std::size_t kShortest = 8;
  for (const std::string& secret : {credentials.token, credentials.secret}) {
    if (secret.size() < kShortest) {
      continue;
    }
    const std::string once = percent_encode(secret);
    replace_all(text, percent_encode(once));
    replace_all(text, once);
    replace_all(text, secret);
  }
  return text;
}

std::string advice_for(const ErrorBody& body, std::string_view general) {
  if (body.denied_action.empty()) {
    return std::string(general);
  }
  return "grant " +
         (body.denied_principal.empty() ? "the RAM role or user whose key this node uses"
                                        : body.denied_principal) +
         " the action " + body.denied_action;
}

Error error_of(const ErrorBody& body, int status, const Asked& asked) {
  std::string message = std::string(asked.action) + ": " + body.code + ": " +
                        one_line(without_quotation(body.message), kMostQuoted) + " (HTTP " +
                        std::to_string(status) + ", RequestId " +
                        (body.request_id.empty() ? "unknown" : body.request_id) + ")";
  const std::string signature = explain_mismatch(body.message, asked.string_to_sign);
  if (!signature.empty()) {
    message += ": " + signature;
  }
  const Verdict verdict = verdict_on(body.code, status);
  return Error(verdict.kind, without_secrets(std::move(message), *asked.credentials))
      .code(body.code)
      .advice(advice_for(body, verdict.advice));
}

Error garbage(const HttpResponse& response, const Asked& asked, std::string_view what) {
  // 429 says the same as a Code would.
  const std::string_view code = response.status == 429 ? "Throttling" : kGarbage;
  const Verdict verdict = verdict_on(code, response.status);
  const std::string body = one_line(response.body, kMostQuoted);
  return Error(verdict.kind,
               without_secrets(std::string(asked.action) + ": HTTP " +
                                   std::to_string(response.status) + " with " + std::string(what) +
                                   (body.empty() ? "" : ": " + body),
                               *asked.credentials))
      .code(code)
      .advice(verdict.advice);
}

}  // namespace

std::variant<json, Refusal> read_answer(const HttpResponse& response, const Asked& asked) {
  const auto refusal = [&](Error error) {
    return Refusal{std::move(error), rate_wait(response), date_of(response)};
  };
  if (response.status / 100 == 2) {
    auto body = base::parse_json(response.body, kMostBytes);
    if (body.ok() && body->is_object()) {
      return std::move(body).value();
    }
    return refusal(garbage(response, asked, "a body that is no JSON object"));
  }
  if (const auto body = parse_error_body(response.body); body.has_value()) {
    return refusal(error_of(*body, response.status, asked));
  }
  return refusal(garbage(response, asked, "no error of the OpenAPI in it"));
}

}  // namespace catena::cloud
