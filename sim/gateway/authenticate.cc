#include "sim/gateway/authenticate.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <iomanip>
#include <sstream>

#include "common/base/text.h"
#include "sim/gateway/signature.h"

namespace catena::sim {
namespace {

std::optional<Denial> check_presence(const Request& request, const Call& call) {
  if (call.key_id.empty()) {
    return missing_parameter("AccessKeyId");
  }
  if (call.timestamp.empty()) {
    return missing_parameter(call.scheme == Scheme::kAcs3 ? "x-acs-date" : "Timestamp");
  }
  if (call.nonce.empty()) {
    return missing_parameter("SignatureNonce");
  }
  if (call.scheme == Scheme::kAcs3) {
    return request.header("x-acs-content-sha256").has_value()
               ? std::nullopt
               : std::optional(missing_parameter("x-acs-content-sha256"));
  }
  if (call.signature.empty()) {
    return missing_parameter("Signature");
  }
  const std::string method = request.parameter("SignatureMethod").value_or("");
  const std::string version = request.parameter("SignatureVersion").value_or("");
  const std::string type = request.parameter("SignatureType").value_or("");
  if (method.empty() || version.empty()) {
    return missing_parameter(method.empty() ? "SignatureMethod" : "SignatureVersion");
  }
  if (method != "HMAC-SHA1" || version != "1.0" || !type.empty()) {
    return denied(400, "InvalidParameter.Signature",
                  "Only SignatureMethod HMAC-SHA1 of SignatureVersion 1.0 with an empty "
                  "SignatureType is supported.");
  }
  return std::nullopt;
}

std::optional<Denial> check_time(const Call& call, Time now, std::chrono::seconds skew) {
  const std::optional<Time> sent = parse_timestamp(call.timestamp);
  if (!sent.has_value()) {
    return denied(400, "InvalidTimeStamp.Format",
                  "Specified time stamp or date value is not well formatted.");
  }
  if (*sent < now - skew || *sent > now + skew) {
    return denied(400, "InvalidTimeStamp.Expired",
                  "Specified time stamp or date value is expired.");
  }
  return std::nullopt;
}

// Host, every x-acs- header and Content-Type have to be among the signed ones.
std::optional<Denial> check_signed_headers(const Request& request, const Call& call) {
  const auto is_signed = [&](std::string_view name) {
    return std::ranges::any_of(call.signed_headers, [&](const std::string& signed_name) {
      return base::equal_ignoring_case(signed_name, name);
    });
  };
  std::vector<std::string> needed = {"host"};
  for (const auto& [name, value] : request.headers) {
    const bool of_protocol =
        name.size() > 6 && base::equal_ignoring_case(std::string_view(name).substr(0, 6), "x-acs-");
    if (of_protocol || base::equal_ignoring_case(name, "content-type")) {
      needed.push_back(name);
    }
  }
  for (const std::string& name : needed) {
    if (!is_signed(name)) {
      return denied(400, "IncompleteSignature",
                    "The request signature does not conform to Aliyun standards: header \"" + name +
                        "\" is sent and not signed.");
    }
  }
  return std::nullopt;
}

Denial mismatch(const std::string& also, const std::string& string_to_sign) {
  return denied(400, "SignatureDoesNotMatch",
                "Specified signature is not matched with our calculation." + also +
                    " server string to sign is:" + string_to_sign);
}

std::optional<Denial> check_acs3(const Request& request, const Call& call, const AccessKey& key) {
  if (std::optional<Denial> denial = check_signed_headers(request, call)) {
    return denial;
  }
  const std::string body_hash = sha256_hex(request.body);
  if (request.header("x-acs-content-sha256") != body_hash) {
    return denied(400, "IncompleteSignature",
                  "The request signature does not conform to Aliyun standards: "
                  "x-acs-content-sha256 is not the SHA-256 of the body, which is " +
                      body_hash + ".");
  }
  const std::string canonical = acs3_canonical_request(request, call.signed_headers, body_hash);
  const std::string to_sign = acs3_string_to_sign(canonical);
  if (!equal_secrets(call.signature, acs3_signature(key.secret, to_sign))) {
    return mismatch(" server canonical request is:" + canonical, to_sign);
  }
  const std::optional<std::string> key_id = request.header("x-acs-accesskey-id");
  if (key_id.has_value() && *key_id != call.key_id) {
    return denied(400, "IncompleteSignature",
                  "The request signature does not conform to Aliyun standards: "
                  "x-acs-accesskey-id is not the Credential.");
  }
  return std::nullopt;
}

std::optional<Denial> check_rpc(const Request& request, const Call& call, const AccessKey& key) {
  Pairs merged = request.query;
  merged.insert(merged.end(), request.form.begin(), request.form.end());
  const std::string to_sign = rpc_string_to_sign(request.method, merged);
  if (!equal_secrets(call.signature, rpc_signature(key.secret, to_sign))) {
    return mismatch("", to_sign);
  }
  return std::nullopt;
}

std::optional<Denial> check_token(const Call& call, const AccessKey& key, const Accounts& accounts,
                                  Time now) {
  if (call.token != key.token) {
    if (call.token.empty()) {
      return denied(400, "MissingSecurityToken", "SecurityToken is required for this request.");
    }
    const bool of_another = std::ranges::any_of(
        accounts.keys(), [&](const auto& entry) { return entry.second.token == call.token; });
    if (of_another) {
      return denied(400, "InvalidSecurityToken.MismatchWithAccessKey",
                    "Specified SecurityToken mismatch with the AccessKey.");
    }
    return denied(400, "InvalidSecurityToken.Malformed", "Specified SecurityToken is malformed.");
  }
  if (key.expiration.has_value() && now >= *key.expiration) {
    return denied(400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired.");
  }
  return std::nullopt;
}

}  // namespace

bool Nonces::seen(const std::string& nonce, Time now) {
  while (!ends_.empty() && ends_.front().first < now) {
    seen_.erase(ends_.front().second);
    ends_.pop_front();
  }
  return seen_.contains(nonce);
}

void Nonces::remember(const std::string& nonce, Time until) {
  seen_.insert(nonce);
  ends_.emplace_back(until, nonce);
}

std::optional<Time> parse_timestamp(const std::string& text) {
  std::tm parts{};
  std::istringstream stream(text);
  stream >> std::get_time(&parts, "%Y-%m-%dT%H:%M:%SZ");
  if (stream.fail()) {
    return std::nullopt;
  }
  const Time time{std::chrono::seconds(timegm(&parts))};
  // What follows behind, "2026-02-31" and "2026-1-2" would be printed differently.
  return print_timestamp(time) == text ? std::optional(time) : std::nullopt;
}

std::string print_timestamp(Time time) {
  const std::time_t seconds =
      std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), size};
}

std::variant<const AccessKey*, Denial> authenticate(const Request& request, const Call& call,
                                                    Accounts& accounts, Nonces& nonces, Time now,
                                                    std::chrono::seconds skew) {
  if (std::optional<Denial> denial = check_presence(request, call)) {
    return *std::move(denial);
  }
  const AccessKey* key = accounts.find_key(call.key_id);
  if (key == nullptr) {
    return denied(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.");
  }
  if (!key->enabled) {
    return denied(403, "InvalidAccessKeyId.Inactive", "Specified access key is disabled.");
  }
  if (std::optional<Denial> denial = check_time(call, now, skew)) {
    return *std::move(denial);
  }
  const std::string nonce = call.key_id + " " + call.nonce;
  if (nonces.seen(nonce, now)) {
    return denied(400, "SignatureNonceUsed", "Specified signature nonce was used already.");
  }
  std::optional<Denial> denial = call.scheme == Scheme::kAcs3 ? check_acs3(request, call, *key)
                                                              : check_rpc(request, call, *key);
  if (!denial.has_value()) {
    nonces.remember(nonce, now + 2 * skew);
    denial = check_token(call, *key, accounts, now);
  }
  if (denial.has_value()) {
    return *std::move(denial);
  }
  return key;
}

std::optional<Denial> refusal_by_policy(const AccessKey& key, const Call& call,
                                        const std::string& diagnosis) {
  const std::string action = call.product + ":" + call.action;
  RamPolicy::Verdict verdict = key.policy.verdict(action);
  bool by_session = false;
  if (verdict == RamPolicy::Verdict::kAllowed && key.session_policy.has_value()) {
    verdict = key.session_policy->verdict(action);
    by_session = true;
  }
  if (verdict == RamPolicy::Verdict::kAllowed) {
    return std::nullopt;
  }
  Denial denial =
      call.product == "sts"
          ? denied(403, "NoPermission",
                   "You are not authorized to do this action. You should be authorized by RAM.")
          : denied(403, "Forbidden.RAM",
                   "User not authorized to operate on the specified resource, or this API doesn't "
                   "support RAM.");
  denial.detail = {{"PolicyType", by_session ? "SessionPolicy" : "AccountLevelIdentityBasedPolicy"},
                   {"AuthPrincipalOwnerId", key.account},
                   {"AuthPrincipalType", key.assumed_role ? "AssumedRoleUser" : "SubUser"},
                   {"AuthPrincipalDisplayName", key.user},
                   {"AuthAction", action},
                   {"NoPermissionType",
                    verdict == RamPolicy::Verdict::kExplicitDeny ? "ExplicitDeny" : "ImplicitDeny"},
                   {"EncodedDiagnosticMessage", diagnosis}};
  return denial;
}

}  // namespace catena::sim
