// Reading, durable writing and locking of files.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/base/unique_fd.h"

namespace catena::base {

// open(2) with O_CLOEXEC added; `mode` counts with O_CREAT only.
Result<UniqueFd> open_file(const std::string& path, int flags, unsigned mode = 0600);

// Everything `fd` has to its end; kUndecodable when that is more than `most` bytes.
Result<std::string> read_all(int fd, std::size_t most, std::string_view what);
Result<std::string> read_file(const std::string& path, std::size_t most);

// All of `data`, however many writes that takes.
Status write_all(int fd, std::string_view data, std::string_view what);

// Makes `path` hold `data`, whole or not at all, across a kill and a power cut: written beside it,
// synced, renamed over it, the directory synced. Mode 0600 unless told.
Status replace_file(const std::string& path, std::string_view data, unsigned mode = 0600);

// fsync of a directory, so that a creation, removal or rename in it is durable.
Status sync_directory(const std::string& path);

// Creates `path` and what is missing above it, mode 0700 each; success when it is there.
Status make_directories(const std::string& path);

// An exclusive flock(2), held until the object dies. A killed holder frees it.
class FileLock {
 public:
  // Creates the file when missing. kTryAgain after `deadline`, naming the holder's pid and command.
  static Result<FileLock> acquire(const std::string& path, const Deadline& deadline);

 private:
  explicit FileLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace catena::base
