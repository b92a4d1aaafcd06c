// Small texts that are kept between calls: a file for each in one folder, written whole or not at
// all. Not synced, which would keep an ADD waiting for the disk: they are about pods, which a power
// cut ends too.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/result.h"

namespace catena::base {

// Any number of processes. Nothing is made before the first write. Names have no ".tmp" in them.
class RecordFolder {
 public:
  explicit RecordFolder(std::string path) : path_(std::move(path)) {}
  const std::string& path() const { return path_; }
  std::string path_of(const std::string& name) const { return path_ + "/" + name; }

  Status write(const std::string& name, const std::string& text) const;
  // Nothing where there is none; at most 64 KiB.
  Result<std::optional<std::string>> read(const std::string& name) const;
  bool has(const std::string& name) const;
  // Of all but what is half written, by somebody at work or killed, and what a power cut left
  // empty; when that is a minute old it goes.
  Result<std::vector<std::string>> names() const;
  // Also ok where there is none.
  Status remove(const std::string& name) const;

 private:
  std::string path_;
};

}  // namespace catena::base
