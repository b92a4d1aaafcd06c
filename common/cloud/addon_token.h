// The encrypted token file that ACK mounts into its add-ons.
#pragma once

#include <string_view>

#include "common/base/result.h"
#include "common/cloud/credentials.h"

namespace catena::cloud {

// `text` is JSON: access.key.id, access.key.secret and security.token, each base64 of an IV and
// AES-CBC, with "keyring" as the key of 16, 24 or 32 bytes; "expiration"; and "error" where the
// issuer failed, which then is the error. No error holds a secret.
base::Result<Credentials> decrypt_addon_token(std::string_view text);

}  // namespace catena::cloud
