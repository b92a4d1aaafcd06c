// The encrypted token file that the cluster's addon manager mounts into a network plugin's pod.
#pragma once

#include <cstdint>
#include <string>

#include "common/base/result.h"
#include "common/cloud/credentials.h"

namespace catena::sim {

// The file's text. `keyring` is the AES key itself, of 16, 24 or 32 characters; kBadConfig
// otherwise, and where `credentials` have no expiration. `seed` makes the IVs.
base::Result<std::string> addon_token_file(const cloud::Credentials& credentials,
                                           const std::string& keyring, std::uint64_t seed);

// The file of an issuer that could not assume `role`.
std::string addon_token_error(const std::string& role, const std::string& code,
                              const std::string& message);

// What a reader finds who comes while `now_there` is overwritten by `becoming` in place, `written`
// bytes of which have arrived.
std::string torn_write(const std::string& now_there, const std::string& becoming,
                       std::size_t written);

}  // namespace catena::sim
