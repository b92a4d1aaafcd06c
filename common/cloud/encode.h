// The encodings that signatures are made over: percent, hex, base64; SHA-256 and the HMACs.
#pragma once

#include <string>
#include <string_view>

#include "common/cloud/params.h"

namespace catena::cloud {

// RFC 3986: all but A-Z a-z 0-9 - _ . ~ becomes %XX with upper-case hex, byte by byte.
std::string percent_encode(std::string_view text);

// "k=v&k=v", percent-encoded, sorted by name as bytes; a parameter without value stays as "k=".
std::string canonical_query(Params params);

// Lower case.
std::string hex(std::string_view bytes);
// With padding (RFC 4648 section 4).
std::string base64(std::string_view bytes);

// Raw bytes.
std::string sha256(std::string_view data);
std::string hmac_sha1(std::string_view key, std::string_view data);
std::string hmac_sha256(std::string_view key, std::string_view data);

}  // namespace catena::cloud
