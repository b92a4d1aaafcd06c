#include "sim/gateway/sts.h"

#include <algorithm>
#include <charconv>

#include <nlohmann/json.hpp>

#include "common/base/fields.h"
#include "common/base/text.h"
#include "sim/gateway/authenticate.h"
#include "sim/gateway/signature.h"

namespace catena::sim {
namespace {

using nlohmann::json;

// A JWT, a session policy: what the real service takes at most is not published.
constexpr std::size_t kMostText = 16'384;

std::string parameter(const Call& call, const std::string& name) {
  const auto found = call.parameters.find(name);
  return found == call.parameters.end() ? "" : found->second;
}

std::optional<std::string> decoded_base64url(std::string_view text) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string decoded;
  unsigned bits = 0;
  unsigned held = 0;
  for (const char c : text) {
    const std::size_t value = kLetters.find(c);
    if (value == std::string_view::npos) {
      return std::nullopt;
    }
    bits = (bits << 6U | static_cast<unsigned>(value)) & 0xFFFFU;
    held += 6;
    if (held >= 8) {
      held -= 8;
      decoded += static_cast<char>(bits >> held & 0xFFU);
    }
  }
  return decoded;
}

std::string base64url(std::string_view data) {
  std::string text = base64(data);
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  while (text.ends_with('=')) {
    text.pop_back();
  }
  return text;
}

std::optional<Denial> check_oidc_token(const std::string& token, const Role& role, Time now) {
  const Denial invalid = denied(401, "AuthenticationFail.OIDCToken.Invalid",
                                "This JWT token cannot be parsed or is not the provider's.");
  const std::vector<std::string_view> parts = base::split(token, '.');
  if (parts.size() != 3 || token.size() > kMostText) {
    return invalid;
  }
  const std::optional<std::string> text = decoded_base64url(parts[1]);
  const auto claims = base::parse_json(text.value_or(""), kMostText);
  if (!claims.ok() || !claims->is_object() || !claims->contains("exp") ||
      !claims->at("exp").is_number_integer() || !claims->contains("iss")) {
    return invalid;
  }
  if (!role.oidc_issuer.empty() && claims->at("iss") != role.oidc_issuer) {
    return denied(401, "AuthenticationFail.OIDCToken.IssuerNotMatch",
                  "The issuer of the OIDC token does not match that of the OIDC provider.");
  }
  if (now >= Time(std::chrono::seconds(claims->at("exp").get<std::int64_t>()))) {
    return denied(401, "AuthenticationFail.OIDCToken.Expired", "This JWT token has expired.");
  }
  return std::nullopt;
}

bool is_session_name(const std::string& name) {
  return name.size() >= 2 && name.size() <= 64 && std::ranges::all_of(name, [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '.' || c == '@' || c == '-' || c == '_';
         });
}

// 900 s is the shortest the API takes; an hour where nothing is said.
std::optional<std::chrono::seconds> session_length(const std::string& text, const Role& role) {
  int seconds = 3600;
  if (!text.empty()) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc() || end != text.data() + text.size()) {
      return std::nullopt;
    }
  } else {
    seconds = static_cast<int>(std::min<std::int64_t>(seconds, role.longest_session.count()));
  }
  // A role of a test may live for less than the API's shortest.
  const std::int64_t shortest = std::min<std::int64_t>(900, role.longest_session.count());
  if (seconds < shortest || seconds > role.longest_session.count()) {
    return std::nullopt;
  }
  return std::chrono::seconds(seconds);
}

std::variant<json, Denial> assume(Accounts& accounts, const Call& call, const Role& role,
                                  Time now) {
  const std::string session = parameter(call, "RoleSessionName");
  if (!is_session_name(session)) {
    return denied(400, "InvalidParameter.RoleSessionName",
                  "The parameter RoleSessionName is wrongly formed.");
  }
  const auto length = session_length(parameter(call, "DurationSeconds"), role);
  if (!length.has_value()) {
    return denied(400, "InvalidParameter.DurationSeconds",
                  "The Min/Max value of DurationSeconds is 15min/" +
                      std::to_string(role.longest_session.count()) + "s.");
  }
  std::optional<RamPolicy> session_policy;
  if (const std::string text = parameter(call, "Policy"); !text.empty()) {
    const auto document = base::parse_json(text, kMostText);
    auto policy = document.ok() ? RamPolicy::parse(*document) : document.error();
    if (!policy.ok()) {
      return denied(
          400, "InvalidParameter.PolicyGrammar",
          "The parameter Policy has not passed grammar check: " + policy.error().message() + ".");
    }
    session_policy = *policy;
  }
  const AccessKey key = accounts.issue(role, now + *length, std::move(session_policy));
  return json{{"Credentials",
               {{"AccessKeyId", key.id},
                {"AccessKeySecret", key.secret},
                {"SecurityToken", key.token},
                {"Expiration", print_timestamp(*key.expiration)}}},
              {"AssumedRoleUser",
               {{"Arn", "acs:ram::" + role.account + ":assumed-role/" + role.name + "/" + session},
                {"AssumedRoleId", "39" + role.account + ":" + session}}}};
}

std::variant<json, Denial> assume_with_oidc(Accounts& accounts, const Call& call, Time now) {
  for (const char* const name : {"RoleArn", "OIDCProviderArn", "OIDCToken", "RoleSessionName"}) {
    if (parameter(call, name).empty()) {
      return missing_parameter(name);
    }
  }
  const Role* role = accounts.find_role_by_arn(parameter(call, "RoleArn"));
  if (role == nullptr) {
    return denied(404, "EntityNotExist.Role", "The specified Role not exists.");
  }
  if (role->oidc_provider.empty() || role->oidc_provider != parameter(call, "OIDCProviderArn")) {
    return denied(403, "NoPermission",
                  "The trust policy of the role does not name this OIDC provider.");
  }
  const std::string token = parameter(call, "OIDCToken");
  if (std::optional<Denial> denial = check_oidc_token(token, *role, now)) {
    return *std::move(denial);
  }
  std::variant<json, Denial> answer = assume(accounts, call, *role, now);
  if (json* const success = std::get_if<json>(&answer)) {
    const auto claims =
        base::parse_json(decoded_base64url(base::split(token, '.')[1]).value_or(""), kMostText);
    (*success)["OIDCTokenInfo"] = {{"Issuer", claims->value("iss", json())},
                                   {"Subject", claims->value("sub", json(""))},
                                   {"ClientIds", claims->value("aud", json("sts.aliyuncs.com"))},
                                   {"VerificationInfo", "Success"}};
  }
  return answer;
}

}  // namespace

std::variant<json, Denial> perform_sts(Accounts& accounts, const Call& call,
                                       const AccessKey* caller, Time now) {
  if (call.action == "AssumeRoleWithOIDC") {
    return assume_with_oidc(accounts, call, now);
  }
  if (call.action == "AssumeRole") {
    const Role* role = accounts.find_role_by_arn(parameter(call, "RoleArn"));
    if (role == nullptr) {
      return denied(404, "EntityNotExist.Role", "The specified Role not exists.");
    }
    return assume(accounts, call, *role, now);
  }
  return json{{"AccountId", caller->account},
              {"Arn", "acs:ram::" + caller->account +
                          (caller->assumed_role ? ":assumed-role/" : ":user/") + caller->user},
              {"IdentityType", caller->assumed_role ? "AssumedRoleUser" : "RAMUser"},
              {"PrincipalId", caller->id}};
}

std::string make_oidc_token(const std::string& issuer, const std::string& subject, Time expires) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(expires).time_since_epoch().count();
  const json claims = {
      {"iss", issuer}, {"sub", subject}, {"exp", seconds}, {"aud", {"sts.aliyuncs.com"}}};
  return base64url(R"({"alg":"RS256","typ":"JWT"})") + "." + base64url(claims.dump()) + "." +
         base64url("not verified by the simulator");
}

}  // namespace catena::sim
