#include "sim/gateway/render.h"

#include <nlohmann/json.hpp>

namespace catena::sim {
namespace {

constexpr std::string_view kXmlHead = "<?xml version='1.0' encoding='UTF-8'?>";

std::string xml_text(std::string_view text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '&':
        result += "&amp;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&apos;";
        break;
      default:
        // No other control character can stand in XML 1.0.
        result += static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' ? '?' : c;
    }
  }
  return result;
}

// A list is its items one after another under the list's name, an empty one is nothing.
template <typename Json>
void add_xml(std::string& out, const std::string& name, const Json& value) {
  if (value.is_array()) {
    for (const Json& item : value) {
      add_xml(out, name, item);
    }
    return;
  }
  out += "<" + name + ">";
  if (value.is_object()) {
    for (auto member = value.begin(); member != value.end(); ++member) {
      add_xml(out, member.key(), member.value());
    }
  } else if (value.is_string()) {
    out += xml_text(value.template get_ref<const std::string&>());
  } else if (!value.is_null()) {
    out += value.dump();
  }
  out += "</" + name + ">";
}

template <typename Json>
std::string render(Format format, const std::string& root, const Json& value) {
  if (format == Format::kJson) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  std::string out(kXmlHead);
  add_xml(out, root, value);
  return out;
}

}  // namespace

std::string render_success(Format format, std::string_view action, const nlohmann::json& answer) {
  return render(format, std::string(action) + "Response", answer);
}

std::string render_error(Format format, const nlohmann::ordered_json& error) {
  return render(format, "Error", error);
}

std::string_view content_type(Format format) {
  return format == Format::kJson ? "application/json;charset=utf-8" : "text/xml;charset=utf-8";
}

}  // namespace catena::sim
