// Credentials as texts carry them. No error holds a secret.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "common/base/result.h"
#include "common/cloud/credentials.h"

namespace catena::cloud {

// "2026-01-02T03:04:05Z"; kUndecodable otherwise.
base::Result<std::chrono::system_clock::time_point> parse_utc(std::string_view text);

// Id and secret are there, all is printable without white space, and an id of STS has its token.
base::Result<Credentials> checked(Credentials credentials);

// The text at `key`; empty where absent or null.
base::Result<std::string> secret_text(const nlohmann::json& object, std::string_view key);

// {"AccessKeyId", "AccessKeySecret", "SecurityToken", "Expiration"}, and a "Code" that is "Success"
// where there is one: the metadata service's and STS's form.
base::Result<Credentials> credentials_of(const nlohmann::json& answer);
base::Result<Credentials> parse_credentials(std::string_view text);

}  // namespace catena::cloud
