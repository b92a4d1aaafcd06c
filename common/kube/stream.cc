#include "common/kube/stream.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "common/base/fields.h"
#include "common/base/text.h"
#include "common/kube/objects.h"

namespace catena::kube {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using base::Status;
using Json = nlohmann::json;

constexpr std::size_t kMostRest = std::size_t{64} << 10U;  // bytes of a list beside its items

Error too_long(std::string_view what) {
  return Error(ErrorKind::kUndecodable, std::string(what) + " of more than " +
                                            std::to_string(kMostObject) + " bytes in the answer");
}

void drop_managed_fields(Json& object) {
  if (const auto metadata = object.find("metadata");
      metadata != object.end() && metadata->is_object()) {
    metadata->erase("managedFields");
  }
}

}  // namespace

Status TextBody::take(std::string_view piece) {
  if (text_.size() + piece.size() > kMostObject) {
    return too_long("an object");
  }
  text_ += piece;
  return {};
}

void ListBody::begin() {
  rest_.clear();
  item_.clear();
  string_.clear();
  level_ = 0;
  in_string_ = false;
  escaped_ = false;
  in_items_ = false;
  key_is_items_ = false;
}

Status ListBody::keep(std::string_view bytes) {
  std::string& kept = in_items_ ? item_ : rest_;
  if (kept.size() + bytes.size() > (in_items_ ? kMostObject : kMostRest)) {
    return in_items_ ? too_long("an item") : Error(ErrorKind::kUndecodable, "not a list");
  }
  kept += bytes;
  if (in_string_ && level_ == 1) {
    string_ += bytes;
  }
  return {};
}

Status ListBody::end_item() {
  Json object = TRY(base::parse_json(item_, kMostObject).context("an item of the list"));
  item_.clear();
  if (!object.is_object()) {
    return Error(ErrorKind::kUndecodable, "an item of the list is no object");
  }
  drop_managed_fields(object);
  take_(std::move(object));
  return {};
}

// A byte with a meaning outside of strings. Levels: 1 the list itself, 2 its items (and its
// metadata), 3 one item.
Status ListBody::take_mark(char byte) {
  const std::string_view mark(&byte, 1);
  switch (byte) {
    case '"':
      string_.clear();
      TRY(keep(mark));
      in_string_ = true;
      return {};
    case ':':
      key_is_items_ = level_ == 1 && string_ == "items";
      return keep(mark);
    case '[':
    case '{':
      TRY(keep(mark));
      ++level_;
      in_items_ = in_items_ || (level_ == 2 && byte == '[' && key_is_items_);
      return {};
    case ']':
    case '}':
      --level_;
      if (in_items_ && level_ == 1) {
        in_items_ = false;
        const bool clean = base::trim(item_).empty();
        item_.clear();
        return clean ? keep(mark) : Error(ErrorKind::kUndecodable, "an item is no object");
      }
      TRY(keep(mark));
      return in_items_ && level_ == 2 ? end_item() : Status{};
    default:  // a comma
      return in_items_ && level_ == 2 ? Status{} : keep(mark);
  }
}

Status ListBody::take(std::string_view piece) {
  while (!piece.empty()) {
    if (escaped_) {
      TRY(keep(piece.substr(0, 1)));
      escaped_ = false;
      piece.remove_prefix(1);
      continue;
    }
    const std::size_t run = piece.find_first_of(in_string_ ? "\"\\" : "\":,[]{}");
    TRY(keep(piece.substr(0, run)));
    if (run == std::string_view::npos) {
      return {};
    }
    const char mark = piece[run];
    piece.remove_prefix(run + 1);
    if (!in_string_) {
      TRY(take_mark(mark));
      continue;
    }
    escaped_ = mark == '\\';
    in_string_ = escaped_;
    TRY(keep(std::string_view(&mark, 1)));
  }
  return {};
}

Result<Json> ListBody::rest() const {
  Json list = TRY(base::parse_json(rest_, kMostRest).context("the list"));
  if (!list.is_object()) {
    return Error(ErrorKind::kUndecodable, "the list: not an object");
  }
  return list;
}

Status EventBody::take_line() {
  if (base::trim(line_).empty()) {
    line_.clear();
    return {};
  }
  Json event = TRY(base::parse_json(line_, kMostObject).context("an event"));
  line_.clear();
  const std::string type = text_at(event, {"type"});
  if (type.empty() || find_at(event, {"object"}) == nullptr) {
    return Error(ErrorKind::kUndecodable, "an event without type or object");
  }
  Json object = std::move(event["object"]);
  if (!object.is_object()) {
    return Error(ErrorKind::kUndecodable, "an event whose object is none");
  }
  drop_managed_fields(object);
  return take_(type, std::move(object));
}

Status EventBody::take(std::string_view piece) {
  while (!piece.empty()) {
    const std::size_t end = piece.find('\n');
    if (line_.size() + std::min(end, piece.size()) > kMostObject) {
      return too_long("an event");
    }
    line_ += piece.substr(0, end);
    if (end == std::string_view::npos) {
      return {};
    }
    piece.remove_prefix(end + 1);
    TRY(take_line());
  }
  return {};
}

}  // namespace catena::kube
