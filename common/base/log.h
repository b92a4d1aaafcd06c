// Lines for the admin: to a file or to syslog, never to stdout. Library code returns errors; only
// programs log.
#pragma once

#include <string>
#include <string_view>

#include "common/base/unique_fd.h"

namespace catena::base {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// Safe with many processes on one file: a line is one appending write.
class Log {
 public:
  // To syslog (facility daemon, identified by `program`) until a file is named.
  explicit Log(std::string program);
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
  Log(Log&&) = default;
  Log& operator=(Log&&) = default;
  ~Log() = default;

  // Appends to `path` from now on; when that can't be opened, stays with syslog and says so there.
  void to_file(const std::string& path);
  // To stderr from now on: with the time, or under journald (JOURNAL_STREAM) with the level as
  // sd-daemon(3) has it.
  void to_stderr();
  void set_level(LogLevel least) { least_ = least; }

  void debug(std::string_view line) { write(LogLevel::kDebug, line); }
  void info(std::string_view line) { write(LogLevel::kInfo, line); }
  void warning(std::string_view line) { write(LogLevel::kWarning, line); }
  void error(std::string_view line) { write(LogLevel::kError, line); }

 private:
  void write(LogLevel level, std::string_view line);

  std::string program_;
  UniqueFd file_;
  bool for_journald_ = false;
  LogLevel least_ = LogLevel::kInfo;
};

}  // namespace catena::base
