#include "common/base/utc.h"

#include <algorithm>

namespace catena::base {
namespace {

using std::chrono::system_clock;
// Reaches as far as four digits of a year do, which the system clock's nanoseconds do not.
using Milliseconds = std::chrono::sys_time<std::chrono::milliseconds>;

struct Digits {
  unsigned value;
  unsigned count;
};

void append(std::string& text, Digits digits, char behind) {
  std::string reversed;
  for (unsigned left = digits.value; reversed.size() < digits.count; left /= 10) {
    reversed.push_back(static_cast<char>('0' + left % 10));
  }
  text.append(reversed.rbegin(), reversed.rend());
  text.push_back(behind);
}

std::string seconds_text(std::chrono::sys_seconds seconds, char behind) {
  const auto midnight = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date(midnight);
  const std::chrono::hh_mm_ss time(seconds - midnight);
  std::string text;
  text.reserve(24);
  append(text, {static_cast<unsigned>(static_cast<int>(date.year())), 4}, '-');
  append(text, {static_cast<unsigned>(date.month()), 2}, '-');
  append(text, {static_cast<unsigned>(date.day()), 2}, 'T');
  append(text, {static_cast<unsigned>(time.hours().count()), 2}, ':');
  append(text, {static_cast<unsigned>(time.minutes().count()), 2}, ':');
  append(text, {static_cast<unsigned>(time.seconds().count()), 2}, behind);
  return text;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool has_form(std::string_view text, std::string_view form) {
  return std::ranges::equal(text, form, [](char c, char expected) {
    return expected == '0' ? is_digit(c) : c == expected;
  });
}

unsigned number_in(std::string_view digits) {
  unsigned number = 0;
  for (const char digit : digits) {
    number = number * 10 + static_cast<unsigned>(digit - '0');
  }
  return number;
}

// What stands between the minutes and the Z: "", ":05" or ":05.678".
std::optional<std::chrono::milliseconds> seconds_in(std::string_view text) {
  if (text.empty()) {
    return std::chrono::milliseconds(0);
  }
  if (!has_form(text.substr(0, 3), ":00")) {
    return std::nullopt;
  }
  const std::chrono::seconds seconds(number_in(text.substr(1, 2)));
  // 60: a leap second, which is the next minute's first.
  if (seconds.count() > 60) {
    return std::nullopt;
  }
  if (text.size() == 3) {
    return seconds;
  }
  const std::string_view fraction = text.substr(4);
  if (text[3] != '.' || fraction.empty() || !std::ranges::all_of(fraction, is_digit)) {
    return std::nullopt;
  }
  std::string thousandths(fraction.substr(0, 3));
  thousandths.resize(3, '0');
  return seconds + std::chrono::milliseconds(number_in(thousandths));
}

}  // namespace

std::string utc_text(system_clock::time_point time) {
  return seconds_text(std::chrono::floor<std::chrono::seconds>(time), 'Z');
}

std::string utc_text_with_ms(system_clock::time_point time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(time - seconds);
  std::string text = seconds_text(seconds, '.');
  append(text, {static_cast<unsigned>(ms.count()), 3}, 'Z');
  return text;
}

std::optional<system_clock::time_point> utc_time_in(std::string_view text) {
  constexpr std::string_view kMinutes = "0000-00-00T00:00";
  if (!has_form(text.substr(0, kMinutes.size()), kMinutes) || text.back() != 'Z') {
    return std::nullopt;
  }
  const std::chrono::year_month_day date(
      std::chrono::year(static_cast<int>(number_in(text.substr(0, 4)))),
      std::chrono::month(number_in(text.substr(5, 2))),
      std::chrono::day(number_in(text.substr(8, 2))));
  const std::chrono::hours hours(number_in(text.substr(11, 2)));
  const std::chrono::minutes minutes(number_in(text.substr(14, 2)));
  text.remove_suffix(1);
  const auto seconds = seconds_in(text.substr(kMinutes.size()));
  if (!date.ok() || date.year() < std::chrono::year(1970) || hours.count() > 23 ||
      minutes.count() > 59 || !seconds.has_value()) {
    return std::nullopt;
  }
  const Milliseconds time = std::chrono::sys_days(date) + hours + minutes + *seconds;
  constexpr auto kLast = system_clock::time_point::max();
  return time < std::chrono::floor<std::chrono::milliseconds>(kLast)
             ? system_clock::time_point(time)
             : kLast;
}

}  // namespace catena::base
