#include "common/cloud/reader.h"

#include <charconv>

#include <nlohmann/json.hpp>

#include "common/base/fields.h"
#include "common/cloud/error_body.h"
#include "common/cloud/error_class.h"

namespace catena::cloud {
namespace {

using base::Error;
using base::ErrorKind;
using nlohmann::json;

const json& no_fields() {
  static const json none = json::object();
  return none;
}

std::string text_of(const json& value) {
  return value.is_string() ? value.get_ref<const std::string&>() : base::print_json(value);
}

// The strings of `texts` as values; what can't be parsed is complained of.
template <typename Value>
std::vector<Value> parse_all(const std::vector<std::string>& texts, std::string_view key,
                             std::string_view expected, Complaint& complaint) {
  std::vector<Value> values;
  for (const std::string& text : texts) {
    if (auto value = Value::parse(text); value.ok()) {
      values.push_back(std::move(value).value());
    } else {
      complaint.add(key, expected, text);
    }
  }
  return values;
}

template <typename Value>
std::optional<Value> parse_one(const std::string& text, std::string_view key,
                               std::string_view expected, Complaint& complaint) {
  if (text.empty()) {
    return std::nullopt;
  }
  const std::vector<Value> values = parse_all<Value>({text}, key, expected, complaint);
  return values.empty() ? std::nullopt : std::optional<Value>(values.front());
}

}  // namespace

void Complaint::add(std::string_view key, std::string_view expected, const json& found) {
  constexpr std::size_t kMostQuoted = 60;
  if (!first_.has_value()) {
    first_ = Error(ErrorKind::kTryAgain, action_ + ": answer not understood: " + std::string(key) +
                                             ": expected " + std::string(expected) + ", got " +
                                             one_line(base::print_json(found), kMostQuoted))
                 .code(kGarbage);
  }
}

base::Status Complaint::to_status() const {
  if (first_.has_value()) {
    return *first_;
  }
  return {};
}

const json* Reader::find(std::string_view key) const {
  if (!value_->is_object()) {
    return nullptr;
  }
  const auto item = value_->find(key);
  return item == value_->end() || item->is_null() ? nullptr : &*item;
}

std::string Reader::text(std::string_view key) const {
  const json* value = find(key);
  if (value == nullptr) {
    return {};
  }
  if (value->is_structured()) {
    complaint_->add(key, "text", *value);
    return {};
  }
  return text_of(*value);
}

std::optional<std::int64_t> Reader::number(std::string_view key) const {
  const json* value = find(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  const std::string text = text_of(*value);
  if (text.empty()) {
    return std::nullopt;
  }
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc() && stop == end) {
    return number;
  }
  if (value->is_number_float()) {
    return static_cast<std::int64_t>(value->get<double>());
  }
  complaint_->add(key, "a number", *value);
  return std::nullopt;
}

std::optional<bool> Reader::flag(std::string_view key) const {
  const json* value = find(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  const std::string text = text_of(*value);
  if (text == "true" || text == "false") {
    return text == "true";
  }
  if (!text.empty()) {
    complaint_->add(key, "true or false", *value);
  }
  return std::nullopt;
}

std::optional<base::IpAddress> Reader::address(std::string_view key) const {
  return parse_one<base::IpAddress>(text(key), key, "an address", *complaint_);
}

std::optional<base::Prefix> Reader::prefix(std::string_view key) const {
  return parse_one<base::Prefix>(text(key), key, "a prefix", *complaint_);
}

base::Prefix Reader::required_prefix(std::string_view key) const {
  const std::optional<base::Prefix> found = prefix(key);
  if (!found.has_value()) {
    complaint_->add(key, "a prefix", nullptr);
  }
  return found.value_or(base::Prefix());
}

std::optional<base::Mac> Reader::mac(std::string_view key) const {
  return parse_one<base::Mac>(text(key), key, "a MAC address", *complaint_);
}

Reader Reader::object(std::string_view key) const {
  const json* value = find(key);
  return {value == nullptr ? no_fields() : *value, *complaint_};
}

const json* Reader::array(std::string_view outer, std::string_view inner) const {
  const json* wrapper = find(outer);
  if (wrapper == nullptr || wrapper->is_array()) {
    return wrapper;
  }
  const json* items = Reader(*wrapper, *complaint_).find(inner);
  if (items != nullptr && !items->is_array()) {
    complaint_->add(std::string(outer) + "." + std::string(inner), "a list", *items);
    return nullptr;
  }
  return items;
}

std::vector<Reader> Reader::list(std::string_view outer, std::string_view inner) const {
  std::vector<Reader> readers;
  const json* items = array(outer, inner);
  if (items == nullptr) {
    return readers;
  }
  for (const json& item : *items) {
    if (item.is_object()) {
      readers.emplace_back(item, *complaint_);
    } else if (!item.is_null()) {
      complaint_->add(inner, "an object", item);
    }
  }
  return readers;
}

std::vector<std::string> Reader::texts(std::string_view outer, std::string_view inner,
                                       std::string_view key) const {
  std::vector<std::string> texts;
  const json* items = array(outer, inner);
  if (items == nullptr) {
    return texts;
  }
  for (const json& item : *items) {
    if (item.is_string()) {
      texts.push_back(item.get_ref<const std::string&>());
    } else if (item.is_object() && !key.empty()) {
      texts.push_back(Reader(item, *complaint_).text(key));
    } else if (!item.is_null()) {
      complaint_->add(inner, "text", item);
    }
  }
  std::erase(texts, std::string());
  return texts;
}

std::vector<base::IpAddress> Reader::addresses(std::string_view outer, std::string_view inner,
                                               std::string_view key) const {
  return parse_all<base::IpAddress>(texts(outer, inner, key), inner, "an address", *complaint_);
}

std::vector<base::Prefix> Reader::prefixes(std::string_view outer, std::string_view inner,
                                           std::string_view key) const {
  return parse_all<base::Prefix>(texts(outer, inner, key), inner, "a prefix", *complaint_);
}

std::vector<Tag> Reader::tags() const {
  std::vector<Tag> tags;
  for (const Reader& item : list("Tags", "Tag")) {
    const bool of_ecs = item.find("TagKey") != nullptr;
    tags.push_back(
        Tag{item.text(of_ecs ? "TagKey" : "Key"), item.text(of_ecs ? "TagValue" : "Value")});
  }
  return tags;
}

}  // namespace catena::cloud
