#include "common/base/program.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/memory_file.h"
#include "common/base/unique_fd.h"

namespace catena::base {
namespace {

// A shell's way to say that a signal ended a program.
constexpr int kSignalled = 128;

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) {
    pointers.push_back(text.data());
  }
  pointers.push_back(nullptr);
  return pointers;
}

bool names_the_same(const std::string& variable, const std::string& name) {
  return variable.starts_with(name) && variable.substr(name.size()).starts_with('=');
}

std::vector<std::string> environment_of(const Program& program) {
  std::vector<std::string> all;
  for (char** entry = environ; !program.only_this_environment && *entry != nullptr; ++entry) {
    const std::string variable = *entry;
    const bool replaced = std::ranges::any_of(program.environment, [&variable](const auto& own) {
      return names_the_same(variable, own.first);
    });
    if (!replaced) {
      all.push_back(variable);
    }
  }
  for (const auto& [name, value] : program.environment) {
    std::string& variable = all.emplace_back(name);
    variable.append("=").append(value);
  }
  return all;
}

// What a child writes to one of its descriptors.
class Stream {
 public:
  static Result<Stream> open(std::size_t most) {
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) {
      return Error::from_errno(errno, "make a pipe");
    }
    return Stream(UniqueFd(ends[0]), UniqueFd(ends[1]), most);
  }
  int read_end() const { return from_child_.get(); }
  int write_end() const { return to_parent_.get(); }
  bool is_open() const { return from_child_.valid(); }
  std::string take() { return std::move(said_); }
  void close_write_end() { to_parent_.reset(); }

  Status read_some() {
    std::array<char, 4096> buffer;  // NOLINT(*-member-init): read fills it
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
  Stream(UniqueFd from_child, UniqueFd to_parent, std::size_t most)
      : from_child_(std::move(from_child)), to_parent_(std::move(to_parent)), most_(most) {}
  UniqueFd from_child_;
  UniqueFd to_parent_;
  std::size_t most_;
  std::string said_;
};

struct Streams {
  UniqueFd in;
  Stream out;
  Stream err;
};

class SpawnActions {
 public:
  SpawnActions() { ::posix_spawn_file_actions_init(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  SpawnActions(SpawnActions&&) = delete;
  SpawnActions& operator=(SpawnActions&&) = delete;
  ~SpawnActions() { ::posix_spawn_file_actions_destroy(&actions_); }

  int put(int fd, int in_place_of) {
    return ::posix_spawn_file_actions_adddup2(&actions_, fd, in_place_of);
  }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

class SpawnAttributes {
 public:
  SpawnAttributes() { ::posix_spawnattr_init(&attributes_); }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;
  SpawnAttributes(SpawnAttributes&&) = delete;
  SpawnAttributes& operator=(SpawnAttributes&&) = delete;
  ~SpawnAttributes() { ::posix_spawnattr_destroy(&attributes_); }

  // A program inherits both what is blocked and what is ignored.
  int reset_signals() {
    sigset_t none;
    ::sigemptyset(&none);
    sigset_t broken_pipe;
    ::sigemptyset(&broken_pipe);
    ::sigaddset(&broken_pipe, SIGPIPE);
    int failed = ::posix_spawnattr_setsigmask(&attributes_, &none);
    failed |= ::posix_spawnattr_setsigdefault(&attributes_, &broken_pipe);
    failed |=
        ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return failed;
  }
  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_{};
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
      while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
      }
    }
  }

  // Its status as of waitpid(2), once it has closed its outputs; nothing when the time is over.
  std::optional<int> wait(const Deadline& deadline) {
    constexpr std::chrono::milliseconds kLongestPause{20};
    for (std::chrono::milliseconds pause{1};; pause = std::min(pause * 2, kLongestPause)) {
      int status = 0;
      if (::waitpid(pid_, &status, WNOHANG) == pid_) {
        pid_ = 0;
        return status;
      }
      if (deadline.passed()) {
        return std::nullopt;
      }
      std::this_thread::sleep_for(pause);
    }
  }

 private:
  pid_t pid_;
};

Result<pid_t> spawn(const Program& program, const Streams& streams) {
  std::vector<std::string> words = program.words;
  std::vector<std::string> environment = environment_of(program);
  SpawnActions actions;
  SpawnAttributes attributes;
  int failed = attributes.reset_signals();
  failed |= actions.put(streams.in.get(), STDIN_FILENO);
  failed |= actions.put(streams.out.write_end(), STDOUT_FILENO);
  if (!program.says_to_our_stderr) {
    failed |= actions.put(streams.err.write_end(), STDERR_FILENO);
  }
  pid_t pid = 0;
  if (failed == 0) {
    failed = ::posix_spawnp(&pid, words.front().c_str(), actions.get(), attributes.get(),
                            pointers_to(words).data(), pointers_to(environment).data());
  }
  if (failed != 0) {
    return Error::from_errno(failed, "run " + words.front());
  }
  return pid;
}

// Reads both until the child has closed them. False when the time is over before that.
Result<bool> read_until_closed(Streams& streams, const Deadline& deadline) {
  while (streams.out.is_open() || streams.err.is_open()) {
    std::array<pollfd, 2> ready{pollfd{streams.out.read_end(), POLLIN, 0},
                                pollfd{streams.err.read_end(), POLLIN, 0}};
    const int polled =
        ::poll(ready.data(), ready.size(), static_cast<int>(deadline.left().count()));
    if (polled == 0) {
      return false;
    }
    if (polled < 0 && errno != EINTR) {
      return Error::from_errno(errno, "wait for what it says");
    }
    if (polled > 0 && ready[0].revents != 0) {
      TRY(streams.out.read_some());
    }
    if (polled > 0 && ready[1].revents != 0) {
      TRY(streams.err.read_some());
    }
  }
  return true;
}

}  // namespace

std::string Ended::how() const {
  return status >= kSignalled ? "was ended by signal " + std::to_string(status - kSignalled)
                              : "ended with status " + std::to_string(status);
}

Result<Ended> run_program(const Program& program) {
  const std::string& name = program.words.front();
  const Deadline deadline(program.patience);
  UniqueFd in = TRY(memory_file("stdin", program.input));
  Stream out = TRY(Stream::open(program.kept));
  Stream err = TRY(Stream::open(program.kept));
  Streams streams{.in = std::move(in), .out = std::move(out), .err = std::move(err)};
  Child child(TRY(spawn(program, streams)));
  streams.out.close_write_end();
  streams.err.close_write_end();
  const bool closed = TRY(read_until_closed(streams, deadline).context(name));
  const std::optional<int> status = closed ? child.wait(deadline) : std::nullopt;
  if (!status.has_value()) {
    return Error(ErrorKind::kTryAgain, name + " did not end in time, within " +
                                           std::to_string(program.patience.count()) + " ms");
  }
  Ended ended;
  ended.status = WIFEXITED(*status) ? WEXITSTATUS(*status) : kSignalled + WTERMSIG(*status);
  ended.out = streams.out.take();
  ended.err = streams.err.take();
  return ended;
}

std::string find_program(const std::vector<std::string>& directories, const std::string& name) {
  for (const std::string& directory : directories) {
    std::string path = directory;
    path.append("/").append(name);
    if (::access(path.c_str(), X_OK) == 0) {
      return path;
    }
  }
  return "";
}

}  // namespace catena::base
