#include "common/base/fields.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

#include "common/base/text.h"

namespace catena::base {
namespace {

using nlohmann::json;

constexpr std::size_t kMostShown = 60;   // bytes of a bad value that an error repeats
constexpr std::size_t kMostUnknown = 5;  // unknown keys that an error names

std::string shortened(std::string text, std::size_t most) {
  if (text.size() > most) {
    text.resize(most);
    text += "...";
  }
  return text;
}

std::string in_quotes(std::string_view text) { return "\"" + std::string(text) + "\""; }

const json* look_up(const json& object, std::string_view key, KeyCase key_case) {
  if (key_case == KeyCase::kExact) {
    const auto at = object.find(key);
    return at == object.end() ? nullptr : &*at;
  }
  const json* found = nullptr;
  for (const auto& item : object.items()) {
    if (equal_ignoring_case(item.key(), key)) {
      found = &item.value();
    }
  }
  return found;
}

std::string describe(const json* value) {
  if (value == nullptr) {
    return "nothing";
  }
  if (value->is_object()) {
    return value->empty() ? "an empty object" : "an object";
  }
  if (value->is_array()) {
    return value->empty() ? "an empty list" : "a list";
  }
  return shortened(print_json(*value), kMostShown);
}

Error wrong(std::string_view path, std::string_view expected, const json* found) {
  return Error(ErrorKind::kBadConfig,
               (path.empty() ? std::string("the configuration") : std::string(path)) +
                   ": expected " + std::string(expected) + ", got " + describe(found));
}

std::string element_path(const Fields& fields, std::string_view key, std::size_t index) {
  return fields.path_of(key) + "[" + std::to_string(index) + "]";
}

// `convert` makes an optional T of a JSON value: nothing where the value is none.
template <typename T, typename Convert>
Result<std::optional<T>> read(Fields& fields, std::string_view key, std::string_view expected,
                              Convert convert) {
  const json* value = fields.raw(key);
  if (value == nullptr || value->is_null()) {
    return std::optional<T>();
  }
  std::optional<T> made = convert(*value);
  if (!made) {
    return fields.bad_value(key, expected);
  }
  return made;
}

template <typename T, typename Convert>
Result<std::optional<std::vector<T>>> read_list(Fields& fields, std::string_view key,
                                                std::string_view expected, Convert convert) {
  const json* value = fields.raw(key);
  if (value == nullptr || value->is_null()) {
    return std::optional<std::vector<T>>();
  }
  if (!value->is_array()) {
    return fields.bad_value(key, "a list");
  }
  std::vector<T> list;
  list.reserve(value->size());
  for (const json& element : *value) {
    std::optional<T> made = convert(element);
    if (!made) {
      return wrong(element_path(fields, key, list.size()), expected, &element);
    }
    list.push_back(std::move(*made));
  }
  return std::optional<std::vector<T>>(std::move(list));
}

std::optional<std::string> to_text(const json& value) {
  if (!value.is_string()) {
    return std::nullopt;
  }
  return value.get_ref<const std::string&>();
}

// `parse` of a text, as an optional.
template <typename T>
std::optional<T> parsed(const json& value, Result<T> (*parse)(std::string_view)) {
  if (!value.is_string()) {
    return std::nullopt;
  }
  Result<T> made = parse(value.get_ref<const std::string&>());
  return made.ok() ? std::optional<T>(std::move(made).value()) : std::nullopt;
}

std::optional<std::int64_t> to_integer(const json& value) {
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    return number <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())
               ? std::optional<std::int64_t>(static_cast<std::int64_t>(number))
               : std::nullopt;
  }
  if (value.is_number_integer()) {
    return value.get<std::int64_t>();
  }
  if (!value.is_number_float()) {
    return std::nullopt;
  }
  const auto number = value.get<double>();
  constexpr double kTwoTo63 = 9223372036854775808.0;
  if (std::trunc(number) != number || number < -kTwoTo63 || number >= kTwoTo63) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(number);
}

std::string whole_number(std::int64_t least, std::int64_t most) {
  return "a whole number from " + std::to_string(least) + " to " + std::to_string(most);
}

std::optional<Prefix> to_network(const json& value) {
  const std::optional<Prefix> prefix = parsed<Prefix>(value, Prefix::parse);
  return prefix && !prefix->has_host_bits() ? prefix : std::nullopt;
}

// What to expect of a network, with the one that was probably meant.
std::string network_expected(const json* value) {
  const std::string plain = "a network like \"10.0.0.0/16\"";
  const std::optional<Prefix> prefix =
      value == nullptr ? std::nullopt : parsed<Prefix>(*value, Prefix::parse);
  return prefix ? "a network without host bits (" +
                      Prefix(prefix->network(), prefix->length()).to_string() + ")"
                : plain;
}

bool is_absolute_path(std::string_view path) {
  if (path.empty() || path.front() != '/' || path.find('\0') != std::string_view::npos) {
    return false;
  }
  const std::vector<std::string_view> parts = split(path, '/');
  return std::ranges::find(parts, std::string_view("..")) == parts.end();
}

}  // namespace

Result<Fields> Fields::of(const json& value, std::string path, KeyCase key_case) {
  if (!value.is_object()) {
    return wrong(path, "an object", &value);
  }
  return Fields(value, std::move(path), key_case);
}

const json* Fields::find(std::string_view key) {
  ignore(key);
  return look_up(*value_, key, key_case_);
}

const json* Fields::raw(std::string_view key) { return find(key); }

void Fields::ignore(std::string_view key) {
  if (std::ranges::find(known_, key) == known_.end()) {
    known_.emplace_back(key);
  }
}

void Fields::ignore_prefix(std::string_view prefix) { known_prefixes_.emplace_back(prefix); }

Result<std::optional<std::string>> Fields::string(std::string_view key) {
  return read<std::string>(*this, key, "a string", to_text);
}

Result<std::optional<bool>> Fields::boolean(std::string_view key) {
  return read<bool>(*this, key, "true or false", [](const json& value) {
    return value.is_boolean() ? std::optional<bool>(value.get<bool>()) : std::nullopt;
  });
}

Result<std::optional<std::int64_t>> Fields::integer(std::string_view key, std::int64_t least,
                                                    std::int64_t most) {
  return read<std::int64_t>(
      *this, key, whole_number(least, most), [least, most](const json& value) {
        const std::optional<std::int64_t> number = to_integer(value);
        return number && *number >= least && *number <= most ? number : std::nullopt;
      });
}

Result<std::optional<std::string>> Fields::one_of(std::string_view key,
                                                  const std::vector<std::string_view>& allowed) {
  std::optional<std::string> text = TRY(string(key));
  if (!text || std::ranges::find(allowed, std::string_view(*text)) != allowed.end()) {
    return text;
  }
  std::vector<std::string> names;
  names.reserve(allowed.size());
  for (const std::string_view name : allowed) {
    names.push_back(in_quotes(name));
  }
  const std::string meant = near_miss(*text, allowed);
  return bad_value(key, (names.size() > 1 ? "one of " : "") + join(names, ", "))
      .advice(meant.empty() ? "" : "did you mean " + in_quotes(meant) + "?");
}

Result<std::optional<IpAddress>> Fields::address(std::string_view key) {
  return read<IpAddress>(*this, key, "an IP address", [](const json& value) {
    return parsed<IpAddress>(value, IpAddress::parse);
  });
}

Result<std::optional<Prefix>> Fields::network(std::string_view key) {
  return read<Prefix>(*this, key, network_expected(find(key)), to_network);
}

Result<std::optional<Mac>> Fields::mac(std::string_view key) {
  return read<Mac>(*this, key, "a MAC address like \"00:16:3e:02:38:05\"",
                   [](const json& value) { return parsed<Mac>(value, Mac::parse); });
}

Result<std::optional<std::string>> Fields::absolute_path(std::string_view key) {
  return read<std::string>(*this, key, "an absolute path without \"..\"", [](const json& value) {
    std::optional<std::string> path = to_text(value);
    return path && is_absolute_path(*path) ? path : std::nullopt;
  });
}

Result<std::optional<std::vector<std::string>>> Fields::strings(std::string_view key) {
  return read_list<std::string>(*this, key, "a string", to_text);
}

Result<std::optional<std::vector<Prefix>>> Fields::networks(std::string_view key) {
  return read_list<Prefix>(*this, key, "a network without host bits, like \"10.0.0.0/16\"",
                           to_network);
}

Result<std::optional<std::vector<std::pair<std::string, std::string>>>> Fields::string_map(
    std::string_view key) {
  using Map = std::vector<std::pair<std::string, std::string>>;
  const json* value = find(key);
  if (value == nullptr || value->is_null()) {
    return std::optional<Map>();
  }
  const Fields fields = TRY(of(*value, path_of(key)));
  Map map;
  map.reserve(value->size());
  for (const auto& item : value->items()) {
    const std::optional<std::string> text = to_text(item.value());
    if (!text) {
      return fields.bad_value(item.key(), "a string");
    }
    map.emplace_back(item.key(), *text);
  }
  return std::optional<Map>(std::move(map));
}

Result<std::optional<Fields>> Fields::object(std::string_view key, KeyCase key_case) {
  const json* value = find(key);
  if (value == nullptr || value->is_null()) {
    return std::optional<Fields>();
  }
  return std::optional<Fields>(TRY(of(*value, path_of(key), key_case)));
}

Result<std::optional<std::vector<Fields>>> Fields::objects(std::string_view key, KeyCase key_case) {
  const json* value = find(key);
  if (value == nullptr || value->is_null()) {
    return std::optional<std::vector<Fields>>();
  }
  if (!value->is_array()) {
    return bad_value(key, "a list");
  }
  std::vector<Fields> list;
  for (const json& element : *value) {
    list.push_back(TRY(of(element, element_path(*this, key, list.size()), key_case)));
  }
  return std::optional<std::vector<Fields>>(std::move(list));
}

bool Fields::is_known(std::string_view key) const {
  const auto same = [&](const std::string& known) {
    return key_case_ == KeyCase::kExact ? known == key : equal_ignoring_case(known, key);
  };
  const auto begins = [&](const std::string& prefix) { return key.starts_with(prefix); };
  return std::ranges::any_of(known_, same) || std::ranges::any_of(known_prefixes_, begins);
}

Status Fields::no_unknown_keys() const {
  std::vector<std::string> unknown = keys();
  std::erase_if(unknown, [this](const std::string& key) { return is_known(key); });
  if (unknown.empty()) {
    return {};
  }
  const std::size_t more = unknown.size() - std::min(unknown.size(), kMostUnknown);
  unknown.resize(unknown.size() - more);
  const std::vector<std::string_view> candidates(known_.begin(), known_.end());
  std::vector<std::string> advice;
  for (std::string& key : unknown) {
    if (const std::string meant = near_miss(key, candidates); !meant.empty()) {
      advice.push_back("did you mean " + in_quotes(path_of(meant)) + "?");
    }
    key = in_quotes(shortened(path_of(key), kMostShown));
  }
  if (advice.empty()) {
    advice.push_back("known keys: " + join(known_, ", "));
  }
  return Error(ErrorKind::kBadConfig,
               (unknown.size() > 1 ? "unknown keys " : "unknown key ") + join(unknown, ", ") +
                   (more > 0 ? " and " + std::to_string(more) + " more" : ""))
      .advice(join(advice, " "));
}

std::string Fields::path_of(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

Error Fields::bad_value(std::string_view key, std::string_view expected) const {
  return wrong(path_of(key), expected, look_up(*value_, key, key_case_));
}

std::vector<std::string> Fields::keys() const {
  std::vector<std::string> names;
  names.reserve(value_->size());
  for (const auto& item : value_->items()) {
    names.push_back(item.key());
  }
  return names;
}

}  // namespace catena::base
