#include "common/ipam/record_json.h"

#include <cstdio>
#include <ctime>

#include <nlohmann/json.hpp>

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

std::string to_text(std::chrono::system_clock::time_point time) {
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(time);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(ms);
  const std::time_t whole = std::chrono::system_clock::to_time_t(seconds);
  std::tm parts{};
  ::gmtime_r(&whole, &parts);
  char date[32];
  const std::size_t length = std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
  char text[48];
  std::snprintf(text, sizeof text, "%.*s.%03dZ", static_cast<int>(length), date,
                static_cast<int>((ms - seconds).count()));
  return text;
}

std::chrono::system_clock::time_point time_in(const std::string& text) {
  std::tm parts{};
  const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) {
    return {};
  }
  int ms = 0;
  if (rest[0] == '.' && text.size() >= 23) {
    for (int i = 1; i <= 3 && rest[i] >= '0' && rest[i] <= '9'; ++i) {
      ms = ms * 10 + (rest[i] - '0');
    }
  }
  return std::chrono::system_clock::from_time_t(::timegm(&parts)) + std::chrono::milliseconds(ms);
}

}  // namespace catena::ipam
