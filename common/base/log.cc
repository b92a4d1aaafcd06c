#include "common/base/log.h"

#include <array>
#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <syslog.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/syslog.h"
#include "common/base/utc.h"

namespace catena::base {
namespace {

struct LevelName {
  std::string_view name;
  int syslog_priority;
};

const LevelName& name_of(LogLevel level) {
  static constexpr std::array<LevelName, 4> kNames{
      {{"debug", LOG_DEBUG}, {"info", LOG_INFO}, {"warning", LOG_WARNING}, {"error", LOG_ERR}}};
  return kNames.at(static_cast<std::size_t>(level));
}

// One line stays one line, whatever a peer put into it.
std::string without_line_breaks(std::string_view text) {
  std::string clean(text);
  for (char& character : clean) {
    if (static_cast<unsigned char>(character) < 0x20) {
      character = ' ';
    }
  }
  return clean;
}

}  // namespace

Log::Log(std::string program) : program_(std::move(program)) {}

void Log::to_file(const std::string& path) {
  Result<UniqueFd> file = open_file(path, O_WRONLY | O_APPEND | O_CREAT | O_NOCTTY, 0640);
  if (!file.ok()) {
    warning("log file: " + file.error().text() + "; logging to syslog");
    return;
  }
  file_ = std::move(file).value();
}

void Log::to_stderr() {
  file_ = UniqueFd(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0));
  for_journald_ = std::getenv("JOURNAL_STREAM") != nullptr;
}

void Log::write(LogLevel level, std::string_view line) {
  if (level < least_) {
    return;
  }
  const LevelName& name = name_of(level);
  const std::string clean = without_line_breaks(line);
  if (!file_.valid()) {
    send_to_syslog(_PATH_LOG, name.syslog_priority, program_, clean);
    return;
  }
  const std::string whole = for_journald_
                                ? "<" + std::to_string(name.syslog_priority) + ">" + clean + "\n"
                                : utc_text_with_ms(std::chrono::system_clock::now()) + " " +
                                      program_ + "[" + std::to_string(::getpid()) + "] " +
                                      std::string(name.name) + ": " + clean + "\n";
  if (!write_all(file_.get(), whole, "log").ok()) {
    send_to_syslog(_PATH_LOG, name.syslog_priority, program_, clean);
  }
}

}  // namespace catena::base
