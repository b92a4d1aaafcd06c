#include "common/kube/yaml.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/base/fields.h"
#include "common/base/text.h"

namespace catena::kube {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using base::Status;
using Json = nlohmann::json;

constexpr std::size_t kMostText = std::size_t{1} << 20U;  // bytes
constexpr std::size_t kMostLevels = 32;

// The first character of plain scalars that mean something else.
constexpr std::string_view kIndicators = "&*!|>%@`{}[],?";

std::string_view without_space_in_front(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  return first == std::string_view::npos ? std::string_view{} : text.substr(first);
}

// Where the quoted scalar at the front of `text` ends, quotes included; npos where it does not.
std::size_t end_of_quoted(std::string_view text) {
  const char quote = text.front();
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      if (quote == '\'' && i + 1 < text.size() && text[i + 1] == quote) {
        ++i;
      } else {
        return i + 1;
      }
    }
  }
  return std::string_view::npos;
}

bool is_quoted(std::string_view text) {
  return !text.empty() && (text.front() == '"' || text.front() == '\'');
}

std::optional<std::string> unquote(std::string_view quoted) {
  if (quoted.front() == '"') {
    const Result<Json> read = base::parse_json(quoted, kMostText);
    if (!read.ok() || !read->is_string()) {
      return std::nullopt;
    }
    return read->get_ref<const std::string&>();
  }
  std::string text;
  for (std::size_t i = 1; i + 1 < quoted.size(); ++i) {
    text += quoted[i];
    if (quoted[i] == '\'') {
      ++i;  // it stands twice for itself
    }
  }
  return text;
}

// Without a comment and the space around it. `text` does not begin with a quote.
std::string_view without_comment(std::string_view text) {
  if (text.starts_with('#')) {
    return {};
  }
  return base::trim(text.substr(0, text.find(" #")));
}

// "key: value" taken apart; `value` may be empty.
struct Pair {
  std::string key;
  std::string_view value;
};

class YamlReader {
 public:
  Result<Json> read(std::string_view text) {
    for (std::string_view line : base::split(text, '\n')) {
      ++line_;
      if (line.ends_with('\r')) {
        line.remove_suffix(1);
      }
      TRY(take_line(line));
    }
    return std::move(root_);
  }

 private:
  struct Frame {
    std::size_t indent;
    Json* container;
    Json* pending;  // the value of the last key or dash, not told yet; null: it was told
  };

  Error wrong(std::string_view why) const {
    return Error(ErrorKind::kUndecodable,
                 "line " + std::to_string(line_) + ": " + std::string(why));
  }

  Status take_line(std::string_view line) {
    const std::size_t indent = line.size() - without_space_in_front(line).size();
    const std::string_view content = base::trim(line);
    if (without_comment(content).empty()) {
      return {};
    }
    if (line[indent] == '\t') {
      return wrong("a tab in front, expected spaces");
    }
    if (indent == 0 && (content.starts_with("---") || content.starts_with("..."))) {
      const bool first = root_.is_null() && stack_.empty();
      return first && content == "---" ? Status{} : wrong("more than one document");
    }
    return take_content(indent, content);
  }

  // Dashes may stand in front of one another and of a key: "- - name: x".
  Status take_content(std::size_t indent, std::string_view content) {
    while (content == "-" || content.starts_with("- ")) {
      TRY(open_item(indent));
      const std::string_view rest = without_space_in_front(content.substr(1));
      indent += content.size() - rest.size();
      content = rest;
      if (content.empty() || content.front() == '#') {
        return {};
      }
    }
    const std::optional<Pair> pair = TRY(pair_of(content));
    if (pair.has_value()) {
      return take_pair(indent, *pair);
    }
    if (stack_.empty() || stack_.back().pending == nullptr ||
        !stack_.back().container->is_array()) {
      return wrong(R"(expected "key: value" or "- item")");
    }
    *std::exchange(stack_.back().pending, nullptr) = TRY(scalar(content));
    return {};
  }

  // Nothing where `content` is a scalar.
  Result<std::optional<Pair>> pair_of(std::string_view content) const {
    std::size_t colon = 0;
    std::string key;
    if (is_quoted(content)) {
      const std::size_t end = end_of_quoted(content);
      if (end == std::string_view::npos) {
        return wrong("a quote that does not end on its line");
      }
      colon = content.find_first_not_of(' ', end);
      if (colon == std::string_view::npos || content[colon] != ':') {
        return std::optional<Pair>();
      }
      std::optional<std::string> name = unquote(content.substr(0, end));
      if (!name.has_value()) {
        return wrong("a quoted text with an escape that is not known");
      }
      key = *std::move(name);
    } else {
      if (kIndicators.find(content.front()) != std::string_view::npos) {
        return std::optional<Pair>();
      }
      const std::string_view plain = without_comment(content);
      colon = plain.find(": ");
      colon = colon == std::string_view::npos && plain.ends_with(':') ? plain.size() - 1 : colon;
      if (colon == std::string_view::npos) {
        return std::optional<Pair>();
      }
      key = base::trim(plain.substr(0, colon));
    }
    const std::string_view value = without_space_in_front(content.substr(colon + 1));
    return std::optional<Pair>(Pair{std::move(key), value});
  }

  Status take_pair(std::size_t indent, const Pair& pair) {
    TRY(open_map(indent));
    Frame& frame = stack_.back();
    if (pair.key.empty() || frame.container->contains(pair.key)) {
      return wrong(pair.key.empty() ? "a key without a name" : "a key for the second time");
    }
    Json& slot = (*frame.container)[pair.key];
    if (pair.value.empty() || pair.value.front() == '#') {
      frame.pending = &slot;
      return {};
    }
    slot = TRY(scalar(pair.value));
    frame.pending = nullptr;
    return {};
  }

  void close_deeper_than(std::size_t indent) {
    while (!stack_.empty() && stack_.back().indent > indent) {
      stack_.pop_back();
    }
  }

  // The slot in which a container at `indent` begins; null where none can.
  Json* slot_at(std::size_t indent, bool same_indent_serves) {
    if (stack_.empty()) {
      return root_.is_null() ? &root_ : nullptr;
    }
    const Frame& top = stack_.back();
    const bool deep_enough = indent > top.indent || (same_indent_serves && indent == top.indent);
    return deep_enough ? top.pending : nullptr;
  }

  Status open(std::size_t indent, Json* slot, Json container) {
    if (slot == nullptr) {
      return wrong("this indentation fits nothing above");
    }
    if (stack_.size() == kMostLevels) {
      return wrong("more than " + std::to_string(kMostLevels) + " levels");
    }
    if (!stack_.empty()) {
      stack_.back().pending = nullptr;
    }
    *slot = std::move(container);
    stack_.push_back({indent, slot, nullptr});
    return {};
  }

  Status open_item(std::size_t indent) {
    close_deeper_than(indent);
    const bool goes_on =
        !stack_.empty() && stack_.back().indent == indent && stack_.back().container->is_array();
    if (!goes_on) {
      // A list may stand as far left as the key that it belongs to.
      const bool below_key = !stack_.empty() && stack_.back().container->is_object();
      TRY(open(indent, slot_at(indent, below_key), Json::array()));
    }
    Frame& frame = stack_.back();
    frame.container->push_back(nullptr);
    frame.pending = &frame.container->back();
    return {};
  }

  Status open_map(std::size_t indent) {
    close_deeper_than(indent);
    if (!stack_.empty() && stack_.back().indent == indent && stack_.back().container->is_array()) {
      stack_.pop_back();
    }
    const bool goes_on =
        !stack_.empty() && stack_.back().indent == indent && stack_.back().container->is_object();
    return goes_on ? Status{} : open(indent, slot_at(indent, false), Json::object());
  }

  Result<Json> scalar(std::string_view text) const {
    if (is_quoted(text)) {
      const std::size_t end = end_of_quoted(text);
      if (end == std::string_view::npos) {
        return wrong("a quote that does not end on its line");
      }
      if (!without_comment(base::trim(text.substr(end))).empty()) {
        return wrong("something behind a quoted text");
      }
      std::optional<std::string> unquoted = unquote(text.substr(0, end));
      if (!unquoted.has_value()) {
        return wrong("a quoted text with an escape that is not known");
      }
      return Json(*std::move(unquoted));
    }
    const std::string_view plain = without_comment(text);
    if (plain == "{}" || plain == "[]") {
      return plain == "{}" ? Json::object() : Json::array();
    }
    if (plain.empty()) {
      return Json();
    }
    if (kIndicators.find(plain.front()) != std::string_view::npos) {
      return wrong("an anchor, alias, tag, block text or flow list or map: not supported");
    }
    if (plain == "true" || plain == "false") {
      return Json(plain == "true");
    }
    return plain == "null" || plain == "~" ? Json() : Json(std::string(plain));
  }

  std::size_t line_ = 0;
  Json root_;
  std::vector<Frame> stack_;
};

}  // namespace

Result<Json> read_yaml(std::string_view text) {
  if (text.size() > kMostText) {
    return Error(ErrorKind::kUndecodable, "more than " + std::to_string(kMostText) + " bytes");
  }
  if (base::trim(text).starts_with('{')) {
    Result<Json> read = base::parse_json(text, kMostText);
    return read.ok() ? std::move(read) : Error(ErrorKind::kUndecodable, "not JSON");
  }
  return YamlReader().read(text);
}

}  // namespace catena::kube
