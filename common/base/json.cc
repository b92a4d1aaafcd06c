#include <nlohmann/json.hpp>

#include "common/base/fields.h"

namespace catena::base {
namespace {

using nlohmann::json;

constexpr int kMostLevels = 64;

// The byte of `text` that opens a level too many; npos where none does. Text that is no JSON may be
// judged wrongly, but then the parser refuses it.
std::size_t find_too_deep(std::string_view text) {
  int level = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char character = text[i];
    if (in_string) {
      i += character == '\\' ? 1 : 0;
      in_string = character != '"';
    } else if (character == '"') {
      in_string = true;
    } else if (character == '[' || character == '{') {
      if (++level > kMostLevels) {
        return i;
      }
    } else if (character == ']' || character == '}') {
      --level;
    }
  }
  return std::string_view::npos;
}

// The library's text without its "[json.exception...] " in front.
Error not_json(std::string_view what) {
  constexpr std::size_t kMost = 200;  // bytes; the text quotes what it read last
  const std::size_t end = what.find("] ");
  if (end != std::string_view::npos) {
    what.remove_prefix(end + 2);
  }
  return Error(ErrorKind::kUndecodable, "not JSON: " + std::string(what.substr(0, kMost)) +
                                            (what.size() > kMost ? "..." : ""));
}

}  // namespace

Result<json> parse_json(std::string_view text, std::size_t most) {
  if (text.size() > most) {
    return Error(ErrorKind::kUndecodable, "not JSON: more than " + std::to_string(most) + " bytes");
  }
  if (const std::size_t at = find_too_deep(text); at != std::string_view::npos) {
    return Error(ErrorKind::kUndecodable, "not JSON: more than " + std::to_string(kMostLevels) +
                                              " levels deep at byte " + std::to_string(at + 1));
  }
  try {
    return json::parse(text);
  } catch (const json::exception& exception) {
    return not_json(exception.what());
  }
}

std::string print_json(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace catena::base
