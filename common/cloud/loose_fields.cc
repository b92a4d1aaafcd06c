#include "common/cloud/loose_fields.h"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include <nlohmann/json.hpp>

#include "common/base/text.h"

namespace catena::cloud {
namespace {

using base::Fields;
using base::Result;
using nlohmann::json;
using std::chrono::milliseconds;

// The text of a key that holds a non-empty string.
std::optional<std::string_view> text_at(Fields& fields, std::string_view key) {
  const json* value = fields.raw(key);
  if (value == nullptr || !value->is_string()) {
    return std::nullopt;
  }
  return base::trim(value->get_ref<const std::string&>());
}

template <typename T>
std::optional<T> number_of(std::string_view text) {
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole ? std::optional<T>(number) : std::nullopt;
}

std::string as_written(double number) {
  std::string text = std::to_string(number);
  text.erase(text.find_last_not_of('0') + 1);
  return text.ends_with('.') ? text.substr(0, text.size() - 1) : text;
}

double unit_ms(std::string_view unit) {
  constexpr std::array<std::pair<std::string_view, double>, 4> kUnits{
      {{"ms", 1.0}, {"s", 1e3}, {"m", 60e3}, {"h", 3600e3}}};
  for (const auto& [name, length] : kUnits) {
    if (unit == name) {
      return length;
    }
  }
  return 0;
}

std::optional<double> duration_ms(std::string_view text) {
  double total = 0;
  while (!text.empty()) {
    const std::size_t number_end = text.find_first_not_of("0123456789.");
    if (number_end == std::string_view::npos) {
      return std::nullopt;
    }
    const std::optional<double> number = number_of<double>(text.substr(0, number_end));
    text.remove_prefix(number_end);
    const std::size_t unit_end = std::min(text.find_first_of("0123456789."), text.size());
    const double unit = unit_ms(text.substr(0, unit_end));
    if (!number || unit <= 0) {
      return std::nullopt;
    }
    total += *number * unit;
    text.remove_prefix(unit_end);
  }
  return total;
}

}  // namespace

Result<std::optional<std::string>> loose_text(Fields& fields, std::string_view key) {
  std::optional<std::string> text = TRY(fields.string(key));
  return text && text->empty() ? std::optional<std::string>() : text;
}

Result<std::optional<bool>> loose_boolean(Fields& fields, std::string_view key) {
  const std::optional<std::string_view> text = text_at(fields, key);
  if (!text) {
    return fields.boolean(key);
  }
  if (text->empty()) {
    return std::optional<bool>();
  }
  if (*text != "true" && *text != "false") {
    return fields.bad_value(key, "true or false");
  }
  return std::optional<bool>(*text == "true");
}

Result<std::optional<int>> loose_integer(Fields& fields, std::string_view key, int least,
                                         int most) {
  const std::optional<std::string_view> text = text_at(fields, key);
  if (!text) {
    const std::optional<std::int64_t> number = TRY(fields.integer(key, least, most));
    return number ? std::optional<int>(static_cast<int>(*number)) : std::nullopt;
  }
  if (text->empty()) {
    return std::optional<int>();
  }
  const std::optional<int> number = number_of<int>(*text);
  if (!number || *number < least || *number > most) {
    return fields.bad_value(
        key, "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return number;
}

Result<std::optional<double>> loose_number(Fields& fields, std::string_view key, double above,
                                           double most) {
  const json* value = fields.raw(key);
  const std::optional<std::string_view> text = text_at(fields, key);
  if (value == nullptr || value->is_null() || (text && text->empty())) {
    return std::optional<double>();
  }
  std::optional<double> number = text ? number_of<double>(*text) : std::nullopt;
  if (value->is_number()) {
    number = value->get<double>();
  }
  if (!number || !(*number > above) || !(*number <= most)) {
    return fields.bad_value(
        key, "a number above " + as_written(above) + ", at most " + as_written(most));
  }
  return number;
}

Result<std::optional<milliseconds>> loose_duration(Fields& fields, std::string_view key) {
  constexpr double kLeast = 1e3;
  constexpr double kMost = 30 * 24 * 3600e3;
  const std::optional<std::string> text = TRY(loose_text(fields, key));
  if (!text) {
    return std::optional<milliseconds>();
  }
  const std::optional<double> length = duration_ms(*text);
  if (!length || *length < kLeast || *length > kMost) {
    return fields.bad_value(key, R"(a duration like "120s" or "10m", from 1s to 720h)");
  }
  return std::optional<milliseconds>(milliseconds(std::llround(*length)));
}

bool is_off(Fields& fields, std::string_view key) {
  const json* value = fields.raw(key);
  if (value == nullptr || value->is_null()) {
    return true;
  }
  if (const std::optional<std::string_view> text = text_at(fields, key)) {
    return text->empty() || *text == "false" || *text == "0";
  }
  if (value->is_structured()) {
    return value->empty();
  }
  return *value == json(false) || *value == json(0);
}

}  // namespace catena::cloud
