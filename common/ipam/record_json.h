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

// RFC 3339, UTC, milliseconds.
std::string to_text(std::chrono::system_clock::time_point time);
// 1970 where `text` is no such time.
std::chrono::system_clock::time_point time_in(const std::string& text);

}  // namespace catena::ipam
