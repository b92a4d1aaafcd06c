// Values as Terway's users write them: numbers and switches also as strings, empty means absent.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/fields.h"
#include "common/base/result.h"

namespace catena::cloud {

// All as base::Fields does: nothing where absent, kBadConfig with the key where wrong.
base::Result<std::optional<std::string>> loose_text(base::Fields& fields, std::string_view key);
base::Result<std::optional<bool>> loose_boolean(base::Fields& fields, std::string_view key);
base::Result<std::optional<int>> loose_integer(base::Fields& fields, std::string_view key,
                                               int least, int most);
// Greater than `above`, at most `most`.
base::Result<std::optional<double>> loose_number(base::Fields& fields, std::string_view key,
                                                 double above, double most);
// As Go writes durations: "1h30m", "90s", "1.5s", "200ms"; from 1 s up to 30 days.
base::Result<std::optional<std::chrono::milliseconds>> loose_duration(base::Fields& fields,
                                                                      std::string_view key);
// Absent, null, false, zero, "", "false", "0", [] or {}: the feature is not asked for.
bool is_off(base::Fields& fields, std::string_view key);

}  // namespace catena::cloud
