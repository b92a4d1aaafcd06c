#include <cerrno>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <vector>

#include "common/base/file.h"
#include "common/base/text.h"

namespace catena::base {
namespace {

// Interrupts this thread's blocking system call every few milliseconds once `first` has passed, so
// that flock(2), which has no time-out, returns to a loop that looks at its deadline.
class Interrupter {
 public:
  explicit Interrupter(std::chrono::milliseconds first) {
    // Stays: another thread may wait too, and the default would let its call go on sleeping.
    static const bool handled = handle_signal();
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = kSignal;
    event._sigev_un._tid = static_cast<pid_t>(::syscall(SYS_gettid));
    armed_ = handled && ::timer_create(CLOCK_MONOTONIC, &event, &timer_) == 0;
    const auto first_ns = std::max<long>(first.count(), 1) * 1'000'000L;
    itimerspec spec{};
    spec.it_value = {first_ns / 1'000'000'000L, first_ns % 1'000'000'000L};
    spec.it_interval = {0, 10'000'000};
    armed_ = armed_ && ::timer_settime(timer_, 0, &spec, nullptr) == 0;
  }
  Interrupter(const Interrupter&) = delete;
  Interrupter& operator=(const Interrupter&) = delete;
  Interrupter(Interrupter&&) = delete;
  Interrupter& operator=(Interrupter&&) = delete;
  ~Interrupter() {
    if (armed_) {
      ::timer_delete(timer_);
    }
  }
  bool armed() const { return armed_; }

 private:
  static constexpr int kSignal = SIGURG;  // ignored by default: nobody else's is lost

  static bool handle_signal() {
    struct sigaction action {};
    action.sa_handler = [](int) {};
    // No SA_RESTART: the signal's only purpose is the EINTR.
    return ::sigaction(kSignal, &action, nullptr) == 0;
  }

  timer_t timer_{};
  bool armed_ = false;
};

// " (<command>)"; empty when the process is gone.
std::string command_of(const std::string& pid) {
  const Result<std::string> command = read_file("/proc/" + pid + "/comm", 64);
  return command.ok() ? " (" + command->substr(0, command->find('\n')) + ")" : "";
}

// Who holds the flock of `fd`, from /proc/locks ("1: FLOCK ADVISORY WRITE <pid>
// <major>:<minor>:<inode> 0 EOF", proc(5)); empty when it can't be told.
std::string holder_of(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) {
    return {};
  }
  char wanted[64];
  std::snprintf(wanted, sizeof wanted, "%02x:%02x:%llu", major(info.st_dev), minor(info.st_dev),
                static_cast<unsigned long long>(info.st_ino));
  const Result<std::string> locks = read_file("/proc/locks", std::size_t{16} << 20U);
  if (!locks.ok()) {
    return {};
  }
  for (const std::string_view line : split(*locks, '\n')) {
    std::vector<std::string_view> words = split(line, ' ');
    std::erase(words, std::string_view());
    if (words.size() > 5 && words[1] == "FLOCK" && words[5] == wanted) {
      return "pid " + std::string(words[4]) + command_of(std::string(words[4]));
    }
  }
  return {};
}

Error held_too_long(const std::string& path, int fd) {
  const std::string holder = holder_of(fd);
  return Error(ErrorKind::kTryAgain,
               "lock " + path + ": held by " + (holder.empty() ? "another process" : holder))
      .advice("look at what that process waits for; the lock is freed when it ends");
}

}  // namespace

Result<FileLock> FileLock::acquire(const std::string& path, const Deadline& deadline) {
  UniqueFd fd = TRY(open_file(path, O_RDWR | O_CREAT, 0600));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) {
    return FileLock(std::move(fd));
  }
  if (errno != EWOULDBLOCK) {
    return Error::from_errno(errno, "lock " + path);
  }
  const Interrupter interrupter(deadline.left());
  while (!deadline.passed() && interrupter.armed()) {
    if (::flock(fd.get(), LOCK_EX) == 0) {
      return FileLock(std::move(fd));
    }
    if (errno != EINTR) {
      return Error::from_errno(errno, "lock " + path);
    }
  }
  return held_too_long(path, fd.get());
}

}  // namespace catena::base
