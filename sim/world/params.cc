#include "sim/world/params.h"

#include <charconv>

#include "sim/world/refusals.h"

namespace catena::sim {
namespace {

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

// The n of "Name.<n>" and what follows it; nothing for another name.
struct Indexed {
  std::int64_t index;
  std::string rest;  // without its dot
};

std::optional<Indexed> indexed(std::string_view key, std::string_view name) {
  if (!key.starts_with(name) || key.size() <= name.size() + 1 || key[name.size()] != '.') {
    return std::nullopt;
  }
  key.remove_prefix(name.size() + 1);
  const std::size_t dot = key.find('.');
  const auto number = whole_number(key.substr(0, dot));
  if (!number) {
    return std::nullopt;
  }
  return Indexed{*number, dot == std::string_view::npos ? "" : std::string(key.substr(dot + 1))};
}

constexpr std::string_view kPaging[] = {"MaxResults", "MaxResult", "NextToken", "PageNumber",
                                        "PageSize"};

}  // namespace

std::string Params::region() const {
  const std::string given = text("RegionId");
  return given.empty() ? action_->region : given;
}

std::string Params::text(std::string_view name) const {
  const auto found = action_->parameters.find(std::string(name));
  return found == action_->parameters.end() ? std::string() : found->second;
}

Outcome<std::string> Params::required(std::string_view name) const {
  std::string value = text(name);
  if (value.empty()) {
    return missing_parameter(name);
  }
  return value;
}

Outcome<std::optional<std::int64_t>> Params::integer(std::string_view name, std::int64_t least,
                                                     std::int64_t most) const {
  const std::string given = text(name);
  if (given.empty()) {
    return std::optional<std::int64_t>();
  }
  const auto number = whole_number(given);
  if (!number || *number < least || *number > most) {
    return bad_parameter(name);
  }
  return number;
}

Outcome<std::optional<bool>> Params::boolean(std::string_view name) const {
  const std::string given = text(name);
  if (given.empty()) {
    return std::optional<bool>();
  }
  if (given == "true" || given == "True") {
    return std::optional<bool>(true);
  }
  if (given == "false" || given == "False") {
    return std::optional<bool>(false);
  }
  return bad_parameter(name);
}

std::vector<std::string> Params::list(std::string_view name) const {
  std::map<std::int64_t, std::string> found;
  for (const auto& [key, value] : action_->parameters) {
    const auto place = indexed(key, name);
    if (place && place->rest.empty() && !value.empty()) {
      found.emplace(place->index, value);
    }
  }
  std::vector<std::string> values;
  values.reserve(found.size());
  for (auto& [index, value] : found) {
    values.push_back(std::move(value));
  }
  return values;
}

std::vector<std::string> Params::one_or_list(std::string_view name) const {
  if (has(name)) {
    return {text(name)};
  }
  return list(name);
}

std::vector<std::map<std::string, std::string>> Params::objects(std::string_view name) const {
  std::map<std::int64_t, std::map<std::string, std::string>> found;
  for (const auto& [key, value] : action_->parameters) {
    const auto place = indexed(key, name);
    if (place && !place->rest.empty()) {
      found[place->index][place->rest] = value;
    }
  }
  std::vector<std::map<std::string, std::string>> values;
  values.reserve(found.size());
  for (auto& [index, fields] : found) {
    values.push_back(std::move(fields));
  }
  return values;
}

Outcome<std::vector<base::IpAddress>> Params::addresses(std::string_view name,
                                                        base::Family family) const {
  std::vector<base::IpAddress> parsed;
  for (const std::string& text : one_or_list(name)) {
    const auto address = base::IpAddress::parse(text);
    if (!address.ok() || address->family() != family) {
      return Refusal{403, "InvalidIp.Address", "The specified IP \"" + text + "\" is not valid."};
    }
    parsed.push_back(*address);
  }
  return parsed;
}

Outcome<std::vector<base::Prefix>> Params::prefixes(std::string_view name, base::Family family,
                                                    int length) const {
  std::vector<base::Prefix> parsed;
  for (const std::string& text : one_or_list(name)) {
    const auto prefix = base::Prefix::parse(text);
    if (!prefix.ok() || prefix->family() != family || prefix->length() != length ||
        prefix->has_host_bits()) {
      return bad_parameter(name);
    }
    parsed.push_back(*prefix);
  }
  return parsed;
}

std::string Params::fingerprint() const {
  std::string print = action_->product + "/" + action_->name;
  for (const auto& [key, value] : action_->parameters) {
    bool paging = false;
    for (const std::string_view name : kPaging) {
      paging = paging || key == name;
    }
    if (!paging) {
      print.append("\n").append(key).append("=").append(value);
    }
  }
  return print;
}

}  // namespace catena::sim
