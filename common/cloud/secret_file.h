// Reading files that hold secrets, without a secret in an error.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "common/base/result.h"

namespace catena::cloud {

// Nothing where the file does not exist; at most 1 MiB.
base::Result<std::optional<std::string>> read_secret_file(const std::string& path);

// As base::parse_json, but an error says only where the text stops being JSON. "not a JSON object"
// for any other JSON.
base::Result<nlohmann::json> parse_secret_json(std::string_view text);

// "mode 0644": group or others can read or write `path`. Empty where they can't, or it is missing.
std::string open_mode(const std::string& path);

// Differs once one of `paths` was written, replaced, made or removed. Empty for no paths.
std::string fingerprint(const std::vector<std::string>& paths);

}  // namespace catena::cloud
