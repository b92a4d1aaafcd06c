// Taking answers apart while they arrive, so that memory does not depend on how long they are.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "common/base/result.h"

namespace catena::kube {

// Objects longer than this end a stream with an error; etcd holds none above 1.5 MiB by default.
inline constexpr std::size_t kMostObject = std::size_t{8} << 20U;  // bytes

// What takes the body of a successful answer.
class Body {
 public:
  Body() = default;
  Body(const Body&) = delete;
  Body& operator=(const Body&) = delete;
  Body(Body&&) = delete;
  Body& operator=(Body&&) = delete;
  virtual ~Body() = default;
  // Before each try: what an earlier one left half done does not count.
  virtual void begin() = 0;
  virtual base::Status take(std::string_view piece) = 0;
};

// The whole of it.
class TextBody : public Body {
 public:
  void begin() override { text_.clear(); }
  base::Status take(std::string_view piece) override;
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// Is given an object to keep, without its metadata.managedFields: these are the larger half of
// many.
using TakeObject = std::function<void(nlohmann::json&& object)>;

// One list: each of its `items` goes to `take` once its last byte is there.
class ListBody : public Body {
 public:
  explicit ListBody(TakeObject take) : take_(std::move(take)) {}
  void begin() override;
  base::Status take(std::string_view piece) override;
  // The list without its items; kUndecodable where the answer was no whole list.
  base::Result<nlohmann::json> rest() const;

 private:
  base::Status take_mark(char byte);
  base::Status end_item();
  base::Status keep(std::string_view bytes);

  TakeObject take_;
  std::string rest_;
  std::string item_;
  std::string string_;  // the last string at the top level that ended, without its quotes
  int level_ = 0;       // how many lists and objects are open
  bool in_string_ = false;
  bool escaped_ = false;
  bool in_items_ = false;
  bool key_is_items_ = false;
};

// One watch: each line of it, {"type": ..., "object": ...}.
class EventBody : public Body {
 public:
  using TakeEvent = std::function<base::Status(std::string_view type, nlohmann::json&& object)>;
  // An error of `take` ends the stream.
  explicit EventBody(TakeEvent take) : take_(std::move(take)) {}
  void begin() override { line_.clear(); }
  base::Status take(std::string_view piece) override;

 private:
  base::Status take_line();

  TakeEvent take_;
  std::string line_;
};

}  // namespace catena::kube
