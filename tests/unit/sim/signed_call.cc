#include "tests/unit/sim/signed_call.h"

#include <algorithm>

#include "common/base/text.h"
#include "sim/gateway/signature.h"

namespace catena::sim {
namespace {

std::string nonce_of(const SignedCall& call) {
  static int serial = 0;
  return call.nonce.empty() ? "nonce-" + std::to_string(++serial) : call.nonce;
}

}  // namespace

cloud::HttpRequest rpc_request(const SignedCall& call) {
  Pairs all = call.parameters;
  all.emplace_back("Action", call.action);
  all.emplace_back("Version", call.version);
  all.emplace_back("AccessKeyId", call.key_id);
  all.emplace_back("Timestamp", call.timestamp);
  all.emplace_back("SignatureNonce", nonce_of(call));
  all.emplace_back("SignatureMethod", "HMAC-SHA1");
  all.emplace_back("SignatureVersion", "1.0");
  if (!call.format.empty()) {
    all.emplace_back("Format", call.format);
  }
  if (!call.token.empty()) {
    all.emplace_back("SecurityToken", call.token);
  }
  all.emplace_back("Signature", rpc_signature(call.secret, rpc_string_to_sign(call.method, all)));
  cloud::HttpRequest request;
  request.method = call.method;
  request.url = "https://" + call.host + "/";
  if (call.in_body) {
    request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
    request.body = canonical_query(all);
  } else {
    request.url += "?" + canonical_query(all);
  }
  return request;
}

cloud::HttpRequest acs3_request(const SignedCall& call) {
  Request to_sign;
  to_sign.method = call.method;
  to_sign.host = call.host;
  to_sign.path = "/";
  to_sign.query = call.parameters;
  const std::string body_hash = sha256_hex("");
  to_sign.headers = {{"x-acs-action", call.action},
                     {"x-acs-version", call.version},
                     {"x-acs-date", call.timestamp},
                     {"x-acs-signature-nonce", nonce_of(call)},
                     {"x-acs-content-sha256", body_hash}};
  if (!call.token.empty()) {
    to_sign.headers.emplace_back("x-acs-security-token", call.token);
    to_sign.headers.emplace_back("x-acs-accesskey-id", call.key_id);
  }
  std::vector<std::string> names = {"host"};
  for (const auto& [name, value] : to_sign.headers) {
    names.push_back(name);
  }
  std::ranges::sort(names);
  const std::string signature = acs3_signature(
      call.secret, acs3_string_to_sign(acs3_canonical_request(to_sign, names, body_hash)));
  cloud::HttpRequest request;
  request.method = call.method;
  request.url = "https://" + call.host + "/";
  if (!call.parameters.empty()) {
    request.url += "?" + canonical_query(call.parameters);
  }
  request.headers = to_sign.headers;
  request.headers.emplace_back("Authorization", "ACS3-HMAC-SHA256 Credential=" + call.key_id +
                                                    ",SignedHeaders=" + base::join(names, ";") +
                                                    ",Signature=" + signature);
  if (call.format == "JSON") {
    request.headers.emplace_back("accept", "application/json");
  }
  return request;
}

}  // namespace catena::sim
