// The two signature schemes of the OpenAPI, from the server's side. Written apart from the client's
// code on purpose: each is a check of the other.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/gateway/request.h"

namespace catena::sim {

// Escaped as RFC 3986 has it: all but A-Z a-z 0-9 - _ . ~
std::string escaped(std::string_view text);
std::string sha256_hex(std::string_view data);
std::string base64(std::string_view data);
// Raw digests.
std::string hmac_sha1(std::string_view key, std::string_view data);
std::string hmac_sha256(std::string_view key, std::string_view data);
std::string hex(std::string_view data);

// Sorted, escaped, joined; the empty text for none.
std::string canonical_query(const Pairs& parameters);

// RPC, SignatureVersion 1.0: `parameters` are those of query and form; Signature is left out here.
std::string rpc_string_to_sign(std::string_view method, const Pairs& parameters);
std::string rpc_signature(std::string_view secret, std::string_view string_to_sign);

// ACS3-HMAC-SHA256.
std::string acs3_canonical_request(const Request& request, std::vector<std::string> signed_headers,
                                   std::string_view payload_hash);
std::string acs3_string_to_sign(std::string_view canonical_request);
std::string acs3_signature(std::string_view secret, std::string_view string_to_sign);

// "ACS3-HMAC-SHA256 Credential=..,SignedHeaders=a;b,Signature=.."; kUndecodable otherwise.
struct Acs3Authorization {
  std::string key_id;
  std::vector<std::string> signed_headers;  // lower case
  std::string signature;
};
base::Result<Acs3Authorization> parse_acs3_authorization(std::string_view header);

// The same in a time that does not depend on where they differ.
bool equal_secrets(std::string_view a, std::string_view b);

}  // namespace catena::sim
