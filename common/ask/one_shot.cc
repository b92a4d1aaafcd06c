#include "common/ask/one_shot.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/base/unique_fd.h"

namespace catena::ask {
namespace {

using base::Error;
using base::ErrorKind;

constexpr const char* kAgent = "catena-agent";
// Bytes that are kept.
constexpr std::size_t kMostErr = 8192;
constexpr std::size_t kMostOut = 65536;

class SpawnActions {
 public:
  SpawnActions() { ::posix_spawn_file_actions_init(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  SpawnActions(SpawnActions&&) = delete;
  SpawnActions& operator=(SpawnActions&&) = delete;
  ~SpawnActions() { ::posix_spawn_file_actions_destroy(&actions_); }

  // The plugin's own stdin and stdout are the protocol's.
  int redirect(int out, int err) {
    int failed =
        ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    failed |= ::posix_spawn_file_actions_adddup2(&actions_, out, STDOUT_FILENO);
    failed |= ::posix_spawn_file_actions_adddup2(&actions_, err, STDERR_FILENO);
    return failed;
  }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

// A child that does not outlive this object.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  Child(Child&&) = delete;
  Child& operator=(Child&&) = delete;
  ~Child() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      (void)wait();
    }
  }
  // Its status as of waitpid(2).
  int wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = 0;
    return status;
  }

 private:
  pid_t pid_;
};

// What a child writes to one of its descriptors.
class Stream {
 public:
  static base::Result<Stream> open(std::size_t most) {
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) {
      return Error::from_errno(errno, "make a pipe");
    }
    return Stream(base::UniqueFd(ends[0]), base::UniqueFd(ends[1]), most);
  }
  int read_end() const { return from_child_.get(); }
  int write_end() const { return to_parent_.get(); }
  bool is_open() const { return from_child_.valid(); }
  const std::string& said() const { return said_; }
  void close_write_end() { to_parent_.reset(); }

  base::Status read_some() {
    std::array<char, 4096> buffer{};
    const ssize_t count = ::read(from_child_.get(), buffer.data(), buffer.size());
    if (count < 0 && errno != EINTR) {
      return Error::from_errno(errno, "read what it says");
    }
    if (count == 0) {
      from_child_.reset();
    }
    if (count > 0) {
      const auto size = static_cast<std::size_t>(count);
      said_.append(buffer.data(), std::min(size, most_ - said_.size()));
    }
    return {};
  }

 private:
  Stream(base::UniqueFd from_child, base::UniqueFd to_parent, std::size_t most)
      : from_child_(std::move(from_child)), to_parent_(std::move(to_parent)), most_(most) {}
  base::UniqueFd from_child_;
  base::UniqueFd to_parent_;
  std::size_t most_;
  std::string said_;
};

base::Result<pid_t> spawn(const std::string& program, const std::vector<std::string>& arguments,
                          const Stream& out, const Stream& err) {
  std::vector<std::string> words{program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  SpawnActions actions;
  pid_t pid = 0;
  const int failed = actions.redirect(out.write_end(), err.write_end());
  const int error = failed != 0 ? failed
                                : ::posix_spawn(&pid, program.c_str(), actions.get(), nullptr,
                                                argv.data(), environ);
  if (error != 0) {
    return Error::from_errno(error, "run " + program);
  }
  return pid;
}

// Reads both until the child has closed them. kTryAgain when the time is over before that.
base::Status read_until_closed(Stream& out, Stream& err, const base::Deadline& deadline) {
  while (out.is_open() || err.is_open()) {
    std::array<pollfd, 2> ready{pollfd{out.read_end(), POLLIN, 0},
                                pollfd{err.read_end(), POLLIN, 0}};
    const int polled =
        ::poll(ready.data(), ready.size(), static_cast<int>(deadline.left().count()));
    if (polled == 0) {
      return Error(ErrorKind::kTryAgain, "it did not end in time");
    }
    if (polled < 0 && errno != EINTR) {
      return Error::from_errno(errno, "wait for what it says");
    }
    if (polled > 0 && ready[0].revents != 0) {
      TRY(out.read_some());
    }
    if (polled > 0 && ready[1].revents != 0) {
      TRY(err.read_some());
    }
  }
  return {};
}

std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n') {
    text.pop_back();
  }
  return text.substr(text.rfind('\n') + 1);
}

}  // namespace

base::Result<std::string> find_agent(const std::vector<std::string>& cni_path) {
  std::vector<std::string> places = cni_path;
  places.insert(places.end(), {"/opt/cni/bin", "/usr/local/bin", "/usr/bin"});
  for (const std::string& place : places) {
    std::string program = place + "/" + kAgent;
    if (::access(program.c_str(), X_OK) == 0) {
      return program;
    }
  }
  return Error(ErrorKind::kNotFound,
               std::string(kAgent) + " is in none of " + base::join(places, ", "))
      .advice("install it beside the plugins");
}

base::Result<std::string> run_agent(const std::string& program,
                                    const std::vector<std::string>& arguments,
                                    std::chrono::milliseconds patience) {
  const base::Deadline deadline(patience);
  Stream out = TRY(Stream::open(kMostOut));
  Stream err = TRY(Stream::open(kMostErr));
  Child child(TRY(spawn(program, arguments, out, err)));
  out.close_write_end();
  err.close_write_end();
  TRY(read_until_closed(out, err, deadline).context(program));
  const int status = child.wait();
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    return out.said();
  }
  std::string why = last_line(err.said());
  if (why.empty()) {
    why = program + (WIFSIGNALED(status)
                         ? " was ended by signal " + std::to_string(WTERMSIG(status))
                         : " ended with status " + std::to_string(WEXITSTATUS(status)));
  }
  return Error(ErrorKind::kTryAgain, why);
}

}  // namespace catena::ask
