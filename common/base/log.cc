#include "common/base/log.h"

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <syslog.h>

#include "common/base/file.h"

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

// RFC 3339 in UTC, with milliseconds.
std::string timestamp() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  // gmtime_r would read the node's time zone first.
  const std::chrono::sys_seconds seconds{std::chrono::seconds{now.tv_sec}};
  const auto day = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(seconds - day);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02ld:%02ld:%02ld.%03ldZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), time.hours().count(), time.minutes().count(),
                time.seconds().count(), now.tv_nsec / 1'000'000);
  return text;
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
    ::openlog(program_.c_str(), LOG_PID | LOG_NDELAY, LOG_DAEMON);
    ::syslog(name.syslog_priority, "%s", clean.c_str());
    return;
  }
  const std::string whole = for_journald_
                                ? "<" + std::to_string(name.syslog_priority) + ">" + clean + "\n"
                                : timestamp() + " " + program_ + "[" + std::to_string(::getpid()) +
                                      "] " + std::string(name.name) + ": " + clean + "\n";
  if (!write_all(file_.get(), whole, "log").ok()) {
    ::syslog(name.syslog_priority, "%s", clean.c_str());
  }
}

}  // namespace catena::base
