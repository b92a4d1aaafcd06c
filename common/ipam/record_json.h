// The fields that records of every kind are made of. For .cc files of this room.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace catena::ipam {

using RecordJson = nlohmann::ordered_json;

std::string text_of(const RecordJson& json);
// Discarded when `text` is not JSON.
RecordJson parse_record(std::string_view text);
// `text` as an object to write new fields into; empty where it is none.
RecordJson object_from(std::string_view text);
// Empty where there is no such string.
std::string string_in(const RecordJson& json, const char* key);
void set_unless_empty(RecordJson& json, const char* key, const std::string& value);
// As base::utc_time_in reads it; 1970 where there is no such text.
std::chrono::system_clock::time_point time_in(const RecordJson& json, const char* key);

}  // namespace catena::ipam
