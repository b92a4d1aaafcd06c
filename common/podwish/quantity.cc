#include "common/podwish/quantity.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>

#include "common/base/text.h"

namespace catena::podwish {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kBillion = 1'000'000'000;
// Digits that a uint64_t surely holds, and those of a billionth.
constexpr int kWholeDigits = 19;
constexpr int kFractionDigits = 9;
constexpr int kMostPowerOfTen = 18;

// What a unit makes of a number: at most 2^60 or 10^18 each.
struct Factor {
  std::uint64_t times = 1;
  std::uint64_t divided_by = 1;
};

struct Unit {
  std::string_view name;
  Factor factor;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes the digits at the front of `text`.
std::string_view take_digits(std::string_view& text) {
  const auto end = std::ranges::find_if_not(text, is_digit);
  const std::string_view digits = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(digits.size());
  return digits;
}

std::uint64_t number_of(std::string_view digits) {
  std::uint64_t number = 0;
  for (const char c : digits) {
    number = number * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return number;
}

// `digits` behind the point, in billionths.
std::uint64_t billionths_of(std::string_view digits) {
  std::string nine(digits.substr(0, kFractionDigits));
  nine.resize(kFractionDigits, '0');
  const bool more = digits.size() > kFractionDigits &&
                    digits.find_first_not_of('0', kFractionDigits) != std::string_view::npos;
  return number_of(nine) + (more ? 1 : 0);
}

// Takes "12", "1.5", ".5" or "12." from the front of `text`: billionths, at most those of kMost and
// one.
std::optional<Wide> take_number(std::string_view& text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
  }
  std::string_view whole = take_digits(text);
  std::string_view fraction;
  bool any = !whole.empty();
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    fraction = take_digits(text);
    any = any || !fraction.empty();
  }
  if (!any) {
    return std::nullopt;
  }
  whole.remove_prefix(std::min(whole.find_first_not_of('0'), whole.size()));
  const std::uint64_t number = whole.size() > kWholeDigits ? kMost : number_of(whole);
  return Wide{number} * kBillion + billionths_of(fraction);
}

std::uint64_t scale(Wide billionths, const Factor& factor) {
  if (billionths / kBillion >= kMost / factor.times) {
    return kMost;
  }
  const Wide divisor = Wide{kBillion} * factor.divided_by;
  return static_cast<std::uint64_t>((billionths * factor.times + divisor - 1) / divisor);
}

std::uint64_t power_of_ten(int exponent) {
  std::uint64_t power = 1;
  for (int i = 0; i < exponent; ++i) {
    power *= 10;
  }
  return power;
}

// "e6", "E-3".
std::optional<std::uint64_t> scale_by_exponent(Wide billionths, std::string_view suffix) {
  suffix.remove_prefix(1);
  const bool negative = suffix.starts_with('-');
  if (negative || suffix.starts_with('+')) {
    suffix.remove_prefix(1);
  }
  const std::string_view digits = take_digits(suffix);
  constexpr std::size_t kMostDigits = 3;
  if (digits.empty() || digits.size() > kMostDigits || !suffix.empty()) {
    return std::nullopt;
  }
  const int exponent = static_cast<int>(number_of(digits));
  if (billionths == 0) {
    return 0;
  }
  if (exponent > kMostPowerOfTen) {
    return negative ? 1 : kMost;
  }
  const std::uint64_t power = power_of_ten(exponent);
  return scale(billionths, negative ? Factor{.divided_by = power} : Factor{.times = power});
}

template <std::size_t Size>
const Factor* find_unit(const std::array<Unit, Size>& units, std::string_view name) {
  const auto* const found = std::ranges::find(units, name, &Unit::name);
  return found == units.end() ? nullptr : &found->factor;
}

constexpr std::array kQuantityUnits{
    Unit{"", {}},
    Unit{"n", {.divided_by = kBillion}},
    Unit{"u", {.divided_by = 1'000'000}},
    Unit{"m", {.divided_by = 1'000}},
    Unit{"k", {.times = 1'000}},
    Unit{"M", {.times = 1'000'000}},
    Unit{"G", {.times = kBillion}},
    Unit{"T", {.times = 1'000 * kBillion}},
    Unit{"P", {.times = 1'000'000 * kBillion}},
    Unit{"E", {.times = kBillion * kBillion}},
    Unit{"Ki", {.times = std::uint64_t{1} << 10U}},
    Unit{"Mi", {.times = std::uint64_t{1} << 20U}},
    Unit{"Gi", {.times = std::uint64_t{1} << 30U}},
    Unit{"Ti", {.times = std::uint64_t{1} << 40U}},
    Unit{"Pi", {.times = std::uint64_t{1} << 50U}},
    Unit{"Ei", {.times = std::uint64_t{1} << 60U}},
};

constexpr std::uint64_t kBits = 8;
constexpr std::array kByteUnits{
    Unit{"", {.times = kBits}},         Unit{"B", {.times = kBits}},
    Unit{"K", {.times = kBits << 10U}}, Unit{"M", {.times = kBits << 20U}},
    Unit{"G", {.times = kBits << 30U}}, Unit{"T", {.times = kBits << 40U}},
};

// "KIB" and "KB" are "K".
std::string_view without_bytes(std::string_view unit) {
  if (unit.size() == 3 && unit.ends_with("IB")) {
    return unit.substr(0, 1);
  }
  return unit.size() == 2 && unit.ends_with('B') ? unit.substr(0, 1) : unit;
}

char to_upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

}  // namespace

std::optional<std::uint64_t> parse_quantity(std::string_view text) {
  const std::optional<Wide> number = take_number(text);
  if (!number.has_value()) {
    return std::nullopt;
  }
  if (const Factor* factor = find_unit(kQuantityUnits, text); factor != nullptr) {
    return scale(*number, *factor);
  }
  return text.front() == 'e' || text.front() == 'E' ? scale_by_exponent(*number, text)
                                                    : std::nullopt;
}

std::optional<std::uint64_t> parse_bytes_as_bits(std::string_view text) {
  text = base::trim(text);
  const std::optional<Wide> number = take_number(text);
  if (!number.has_value()) {
    return std::nullopt;
  }
  std::string unit(base::trim(text));
  std::ranges::transform(unit, unit.begin(), to_upper);
  const std::string_view name = without_bytes(unit);
  // "BB" and "BIB" are no units.
  const Factor* factor = name == "B" && unit.size() > 1 ? nullptr : find_unit(kByteUnits, name);
  return factor == nullptr ? std::nullopt : std::optional(scale(*number, *factor));
}

}  // namespace catena::podwish
