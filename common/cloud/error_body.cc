#include "common/cloud/error_body.h"

#include <nlohmann/json.hpp>

#include "common/base/fields.h"
#include "common/base/text.h"

namespace catena::cloud {
namespace {

using nlohmann::json;

constexpr std::size_t kMostBytes = std::size_t{1} << 20U;

// The value of `key`, whatever its case; null where it is absent.
const json* find(const json& object, std::string_view key) {
  if (!object.is_object()) {
    return nullptr;
  }
  for (auto item = object.begin(); item != object.end(); ++item) {
    if (base::equal_ignoring_case(item.key(), key)) {
      return &*item;
    }
  }
  return nullptr;
}

std::string text_of(const json& object, std::string_view key) {
  const json* value = find(object, key);
  if (value == nullptr || value->is_null()) {
    return {};
  }
  return value->is_string() ? value->get_ref<const std::string&>() : base::print_json(*value);
}

ErrorBody from_json(const json& object) {
  ErrorBody body;
  body.code = text_of(object, "Code");
  body.message = text_of(object, "Message");
  body.request_id = text_of(object, "RequestId");
  if (const json* detail = find(object, "AccessDeniedDetail"); detail != nullptr) {
    body.denied_action = text_of(*detail, "AuthAction");
    body.denied_principal = text_of(*detail, "AuthPrincipalDisplayName");
  }
  return body;
}

std::string unescape(std::string_view text) {
  constexpr std::pair<std::string_view, char> kEntities[] = {
      {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}, {"&amp;", '&'}};
  std::string plain;
  while (!text.empty()) {
    std::size_t used = 1;
    char character = text.front();
    for (const auto& [entity, meaning] : kEntities) {
      if (text.starts_with(entity)) {
        used = entity.size();
        character = meaning;
      }
    }
    plain += character;
    text.remove_prefix(used);
  }
  return plain;
}

std::string element(std::string_view xml, const std::string& name) {
  const std::string open = "<" + name + ">";
  const std::size_t begin = xml.find(open);
  if (begin == std::string_view::npos) {
    return {};
  }
  const std::string_view rest = xml.substr(begin + open.size());
  const std::size_t end = rest.find("</" + name + ">");
  return end == std::string_view::npos ? std::string() : unescape(base::trim(rest.substr(0, end)));
}

}  // namespace

std::optional<ErrorBody> parse_error_body(std::string_view text) {
  ErrorBody body;
  if (base::trim(text).starts_with('<')) {
    body.code = element(text, "Code");
    body.message = element(text, "Message");
    body.request_id = element(text, "RequestId");
    body.denied_action = element(text, "AuthAction");
  } else if (const auto parsed = base::parse_json(text, kMostBytes); parsed.ok()) {
    body = from_json(*parsed);
  }
  if (body.code.empty()) {
    return std::nullopt;
  }
  return body;
}

std::string one_line(std::string_view text, std::size_t most) {
  std::string line;
  for (const char character : text) {
    const bool printable = static_cast<unsigned char>(character) >= 0x20 && character != 0x7f;
    line += printable ? character : ' ';
  }
  const std::string_view trimmed = base::trim(line);
  return std::string(trimmed.substr(0, most)) + (trimmed.size() > most ? "..." : "");
}

}  // namespace catena::cloud
