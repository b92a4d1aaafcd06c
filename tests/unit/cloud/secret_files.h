// Files of credentials as tests need them.
#pragma once

#include <string>
#include <string_view>

#include "common/cloud/credentials.h"

namespace catena::test {

inline constexpr std::string_view kKeyring = "0123456789abcdef0123456789ABCDEF";

// base64 of an IV and AES-CBC of `plain`, as the issuer of add-on tokens seals.
std::string sealed(std::string_view plain, std::string_view keyring = kKeyring);
// The JSON text of an add-on token file; `credentials` must expire.
std::string addon_token(const cloud::Credentials& credentials, std::string_view keyring = kKeyring);

// In place, so that a reader can find half of it.
void write_file(const std::string& path, std::string_view text, unsigned mode = 0600);

// A set of STS, number `n`, that expires at `expiration`.
cloud::Credentials sts_set(int n, std::chrono::system_clock::time_point expiration);
// The metadata service's answer with that set.
std::string answer_with(const cloud::Credentials& credentials);

}  // namespace catena::test
