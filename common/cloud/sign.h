// The two signatures of the OpenAPI, and what a refused one tells.
#pragma once

#include <string>
#include <string_view>

#include "common/cloud/credentials.h"
#include "common/cloud/endpoint.h"
#include "common/cloud/http.h"
#include "common/cloud/params.h"

namespace catena::cloud {

enum class Signing {
  kAcs3,  // V3: headers x-acs-*, HMAC-SHA256
  kRpc1,  // SignatureVersion 1.0: parameters, HMAC-SHA1
};

// "METHOD&%2F&<encoded query>" over all parameters of query and form.
std::string rpc1_string_to_sign(std::string_view method, const Params& params);
std::string rpc1_signature(std::string_view secret, std::string_view string_to_sign);

// `headers` are those to sign; names that differ in case alone are one, values sorted and joined.
std::string acs3_canonical_request(std::string_view method, std::string_view path,
                                   const Params& query, const Headers& headers,
                                   std::string_view payload_sha256_hex);
std::string acs3_string_to_sign(std::string_view canonical_request);
std::string acs3_signature(std::string_view secret, std::string_view string_to_sign);

struct CallToSign {
  Signing signing = Signing::kAcs3;
  std::string_view action;
  std::string_view version;
  std::string_view host;  // as it will be in the Host line
  std::string_view url;   // "https://<host>/"
  std::string_view nonce;
  std::string_view timestamp;
};
struct SignedCall {
  HttpRequest request;  // POST, parameters in the query, empty body
  std::string string_to_sign;
};
SignedCall sign_call(const CallToSign& call, Params params, const Credentials& credentials);

// What follows from the server's own string to sign, which SignatureDoesNotMatch and
// IncompleteSignature quote at the end of their message: the secret is wrong, or our text (and then
// where). Holds no value of a parameter. Empty where the message quotes none.
std::string explain_mismatch(std::string_view server_message, std::string_view string_to_sign);
// `message` without that quotation.
std::string_view without_quotation(std::string_view message);

}  // namespace catena::cloud
