// The journal file: checksummed lines, appended whole or not at all. Every call needs the store's
// lock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/base/unique_fd.h"

namespace catena::ipam {

// "<crc32c of the rest, 8 hex digits> <json>\n"
std::string to_line(std::string_view json);

struct Line {
  std::uint64_t offset = 0;  // in the file
  std::string_view bytes;    // with its newline, where it has one
  bool good = false;         // ends in a newline and matches its checksum
  std::uint32_t crc = 0;     // of a good line
  std::string_view json;     // of a good line
};

// Takes `data` apart, of which the first byte lies at `offset` in the file.
class LineReader {
 public:
  LineReader(std::string_view data, std::uint64_t offset) : rest_(data), offset_(offset) {}
  std::optional<Line> next();

 private:
  std::string_view rest_;
  std::uint64_t offset_;
};

class Journal {
 public:
  // Nothing when there is no journal in `directory`.
  static base::Result<std::optional<Journal>> open(const std::string& directory);
  // A journal of `content` in place of what was there, durable; whole or not at all.
  static base::Result<Journal> create(const std::string& directory, std::string_view content);

  std::uint64_t size() const { return size_; }
  // From `offset` to the end.
  base::Result<std::string> read_from(std::uint64_t offset) const;
  // `count` bytes from the beginning, or as many as there are.
  base::Result<std::string> read_start(std::uint64_t count) const;

  // Durable when it returns; after an error the file is as it was.
  base::Status append(std::string_view line);
  base::Status cut(std::uint64_t size);
  base::Status sync() const;

  // Keeps the file under the name of its copy ("journal.damaged-3"), of which the newest eight
  // stay.
  base::Result<std::string> keep_whole() const;
  // Keeps `bytes` as a file of their own ("journal.torn-3"); bounded likewise.
  base::Result<std::string> keep_torn(std::string_view bytes) const;

 private:
  Journal(std::string directory, base::UniqueFd fd, std::uint64_t size)
      : directory_(std::move(directory)), fd_(std::move(fd)), size_(size) {}
  base::Result<std::string> read(std::uint64_t offset, std::uint64_t count) const;

  std::string directory_;
  base::UniqueFd fd_;
  std::uint64_t size_;
};

// kTryAgain where another try may succeed (full disk, input/output error), kIo otherwise, each with
// advice.
base::Error write_error(int sys_errno, const std::string& what);

}  // namespace catena::ipam
