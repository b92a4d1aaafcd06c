#include "common/ipam/record_json.h"

#include <nlohmann/json.hpp>

#include "common/base/utc.h"

namespace catena::ipam {

std::string text_of(const RecordJson& json) {
  return json.dump(-1, ' ', false, RecordJson::error_handler_t::replace);
}

RecordJson parse_record(std::string_view text) { return RecordJson::parse(text, nullptr, false); }

RecordJson object_from(std::string_view text) {
  RecordJson json = text.empty() ? RecordJson::object() : parse_record(text);
  return json.is_object() ? json : RecordJson::object();
}

std::string string_in(const RecordJson& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

void set_unless_empty(RecordJson& json, const char* key, const std::string& value) {
  if (value.empty()) {
    json.erase(key);
  } else {
    json[key] = value;
  }
}

std::chrono::system_clock::time_point time_in(const RecordJson& json, const char* key) {
  return base::utc_time_in(string_in(json, key)).value_or(std::chrono::system_clock::time_point());
}

}  // namespace catena::ipam
