// What a command has to say, for people and for programs.
#pragma once

#include <string>
#include <vector>

namespace catena::cli {

struct Report {
  std::string text;  // lines, each with its end; may be empty
  std::string json;  // one JSON value
  bool good = true;  // false: something is to be mended, though the command did its work
};

// Columns as wide as they need be; the last one is not padded.
class Columns {
 public:
  explicit Columns(std::vector<std::string> heads) { rows_.push_back(std::move(heads)); }
  // As many cells as there are heads; an empty one is shown as "-".
  void add(std::vector<std::string> cells);
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace catena::cli
