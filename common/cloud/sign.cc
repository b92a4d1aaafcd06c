#include "common/cloud/sign.h"

#include <algorithm>
#include <map>
#include <vector>

#include "common/base/text.h"
#include "common/cloud/encode.h"

namespace catena::cloud {
namespace {

constexpr std::string_view kAcs3Name = "ACS3-HMAC-SHA256";
constexpr std::string_view kQuotation = "server string to sign is:";

std::string lower(std::string_view text) {
  std::string lowered(text);
  std::ranges::transform(lowered, lowered.begin(), [](char character) {
    return character >= 'A' && character <= 'Z' ? static_cast<char>(character + ('a' - 'A'))
                                                : character;
  });
  return lowered;
}

// Values by lower-case name, each list sorted.
std::map<std::string, std::vector<std::string>> by_name(const Headers& headers) {
  std::map<std::string, std::vector<std::string>> values;
  for (const auto& [name, value] : headers) {
    values[lower(name)].emplace_back(base::trim(value));
  }
  for (auto& [name, list] : values) {
    std::ranges::sort(list);
  }
  return values;
}

std::string signed_names(const Headers& headers) {
  std::string names;
  for (const auto& [name, values] : by_name(headers)) {
    names += (names.empty() ? "" : ";") + name;
  }
  return names;
}

SignedCall sign_acs3(const CallToSign& call, const Params& params, const Credentials& credentials) {
  const std::string no_body = hex(sha256(""));
  Headers headers = {{"x-acs-action", std::string(call.action)},
                     {"x-acs-content-sha256", no_body},
                     {"x-acs-date", std::string(call.timestamp)},
                     {"x-acs-signature-nonce", std::string(call.nonce)},
                     {"x-acs-version", std::string(call.version)}};
  if (!credentials.token.empty()) {
    headers.emplace_back("x-acs-accesskey-id", credentials.key_id);
    headers.emplace_back("x-acs-security-token", credentials.token);
  }
  Headers to_sign = headers;
  to_sign.emplace_back("host", call.host);
  const std::string canonical = acs3_canonical_request("POST", "/", params, to_sign, no_body);
  SignedCall result;
  result.string_to_sign = acs3_string_to_sign(canonical);
  headers.emplace_back("Accept", "application/json");
  headers.emplace_back("Authorization",
                       std::string(kAcs3Name) + " Credential=" + credentials.key_id +
                           ",SignedHeaders=" + signed_names(to_sign) + ",Signature=" +
                           acs3_signature(credentials.secret, result.string_to_sign));
  result.request.headers = std::move(headers);
  const std::string query = canonical_query(params);
  result.request.url = std::string(call.url) + (query.empty() ? "" : "?" + query);
  return result;
}

SignedCall sign_rpc1(const CallToSign& call, Params params, const Credentials& credentials) {
  params.emplace_back("Action", call.action);
  params.emplace_back("Version", call.version);
  params.emplace_back("Format", "JSON");
  params.emplace_back("AccessKeyId", credentials.key_id);
  params.emplace_back("Timestamp", call.timestamp);
  params.emplace_back("SignatureNonce", call.nonce);
  params.emplace_back("SignatureMethod", "HMAC-SHA1");
  params.emplace_back("SignatureVersion", "1.0");
  add_param(params, "SecurityToken", credentials.token);
  SignedCall result;
  result.string_to_sign = rpc1_string_to_sign("POST", params);
  params.emplace_back("Signature", rpc1_signature(credentials.secret, result.string_to_sign));
  result.request.url = std::string(call.url) + "?" + canonical_query(std::move(params));
  result.request.headers = {{"Accept", "application/json"}};
  return result;
}

// The encoded name of the parameter in which byte `at` of an RPC string to sign lies; empty where
// it is none.
std::string_view parameter_at(std::string_view string_to_sign, std::size_t at) {
  constexpr std::string_view kAmpersand = "%26";
  constexpr std::string_view kEquals = "%3D";
  const std::size_t list = string_to_sign.find("&%2F&");
  if (list == std::string_view::npos || at < list + 5) {
    return {};
  }
  std::size_t begin = string_to_sign.substr(0, at).rfind(kAmpersand);
  begin = begin == std::string_view::npos ? list + 5 : begin + kAmpersand.size();
  const std::size_t end = string_to_sign.find(kEquals, begin);
  return end == std::string_view::npos ? std::string_view()
                                       : string_to_sign.substr(begin, end - begin);
}

}  // namespace

std::string rpc1_string_to_sign(std::string_view method, const Params& params) {
  return std::string(method) + "&%2F&" + percent_encode(canonical_query(params));
}

std::string rpc1_signature(std::string_view secret, std::string_view string_to_sign) {
  return base64(hmac_sha1(std::string(secret) + "&", string_to_sign));
}

std::string acs3_canonical_request(std::string_view method, std::string_view path,
                                   const Params& query, const Headers& headers,
                                   std::string_view payload_sha256_hex) {
  std::string canonical;
  canonical.append(method).append("\n").append(path).append("\n");
  canonical.append(canonical_query(query)).append("\n");
  for (const auto& [name, values] : by_name(headers)) {
    canonical.append(name).append(":").append(base::join(values, ",")).append("\n");
  }
  canonical.append("\n").append(signed_names(headers)).append("\n").append(payload_sha256_hex);
  return canonical;
}

std::string acs3_string_to_sign(std::string_view canonical_request) {
  return std::string(kAcs3Name) + "\n" + hex(sha256(canonical_request));
}

std::string acs3_signature(std::string_view secret, std::string_view string_to_sign) {
  return hex(hmac_sha256(secret, string_to_sign));
}

SignedCall sign_call(const CallToSign& call, Params params, const Credentials& credentials) {
  SignedCall result = call.signing == Signing::kAcs3
                          ? sign_acs3(call, params, credentials)
                          : sign_rpc1(call, std::move(params), credentials);
  result.request.method = "POST";
  return result;
}

std::string explain_mismatch(std::string_view server_message, std::string_view string_to_sign) {
  const std::size_t at = server_message.find(kQuotation);
  if (at == std::string_view::npos) {
    return {};
  }
  const std::string_view theirs = base::trim(server_message.substr(at + kQuotation.size()));
  // More may follow the quotation, so it need only begin with our text.
  if (theirs.starts_with(string_to_sign)) {
    return "the server signed the same text, so the secret is wrong";
  }
  const auto differs = std::ranges::mismatch(theirs, string_to_sign).in2;
  const std::string_view parameter =
      parameter_at(string_to_sign, static_cast<std::size_t>(differs - string_to_sign.begin()));
  return "the server signed another text than we did (canonicalisation)" +
         (parameter.empty() ? "" : ", first different in parameter " + std::string(parameter)) +
         "; the secret may be right";
}

std::string_view without_quotation(std::string_view message) {
  return base::trim(message.substr(0, message.find(kQuotation)));
}

}  // namespace catena::cloud
