#include "common/cloud/credential_answer.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "common/base/utc.h"
#include "common/cloud/secret_file.h"

namespace catena::cloud {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using std::chrono::system_clock;

base::Status check_text(std::string_view name, std::string_view value, bool may_be_empty) {
  if (value.empty() && !may_be_empty) {
    return Error(ErrorKind::kUndecodable, std::string(name) + " is missing or empty");
  }
  if (!std::ranges::all_of(value, [](char c) { return c > ' ' && c < 0x7f; })) {
    return Error(ErrorKind::kUndecodable,
                 std::string(name) + " holds white space, control or non-ASCII characters");
  }
  return {};
}

}  // namespace

Result<system_clock::time_point> parse_utc(std::string_view text) {
  constexpr std::string_view kExample = "2026-01-02T03:04:05Z";
  const auto time = base::utc_time_in(text);
  if (text.size() != kExample.size() || !time.has_value()) {
    return Error(ErrorKind::kUndecodable, "expected a time like \"" + std::string(kExample) + "\"");
  }
  return *time;
}

Result<Credentials> checked(Credentials credentials) {
  TRY(check_text("the access key id", credentials.key_id, false));
  TRY(check_text("the access key secret", credentials.secret, false));
  TRY(check_text("the security token", credentials.token, true));
  if (credentials.key_id.starts_with("STS.") && credentials.token.empty()) {
    return Error(ErrorKind::kUndecodable,
                 "the access key id is one of STS, but there is no security token");
  }
  return credentials;
}

Result<std::string> secret_text(const nlohmann::json& object, std::string_view key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) {
    return std::string();
  }
  if (!found->is_string()) {
    return Error(ErrorKind::kUndecodable, std::string(key) + ": expected a string");
  }
  return found->get_ref<const std::string&>();
}

Result<Credentials> credentials_of(const nlohmann::json& answer) {
  if (!answer.is_object()) {
    return Error(ErrorKind::kUndecodable, "expected an object with credentials");
  }
  if (const std::string code = TRY(secret_text(answer, "Code"));
      !code.empty() && code != "Success") {
    return Error(ErrorKind::kTryAgain, "the issuer says \"" + code.substr(0, 80) + "\"").code(code);
  }
  Credentials credentials;
  credentials.key_id = TRY(secret_text(answer, "AccessKeyId"));
  credentials.secret = TRY(secret_text(answer, "AccessKeySecret"));
  credentials.token = TRY(secret_text(answer, "SecurityToken"));
  if (const std::string expiration = TRY(secret_text(answer, "Expiration")); !expiration.empty()) {
    credentials.expiration = TRY(parse_utc(expiration).context("Expiration"));
  }
  return checked(std::move(credentials));
}

Result<Credentials> parse_credentials(std::string_view text) {
  const nlohmann::json answer = TRY(parse_secret_json(text));
  return credentials_of(answer);
}

}  // namespace catena::cloud
