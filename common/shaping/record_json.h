// A record as text. Internal to this folder.
#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/shaping/record.h"

namespace catena::shaping {

std::string to_json(const Record& record);
// kUndecodable for what is no record, or one of a later format.
base::Result<Record> record_from_json(std::string_view text);

}  // namespace catena::shaping
