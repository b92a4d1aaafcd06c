#include "cli/program.h"

#include <cerrno>
#include <csignal>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/unique_fd.h"

namespace catena::cli {
namespace {

using base::Error;
using base::ErrorKind;

constexpr std::size_t kMostOutput = std::size_t{8} << 20U;

// Files without a name in the place of pipes: no output can block its writer.
base::Result<base::UniqueFd> nameless_file(const std::string& content) {
  base::UniqueFd fd(::memfd_create("catena", MFD_CLOEXEC));
  if (!fd.valid()) {
    return Error::from_errno(errno, "make a file in memory");
  }
  TRY(base::write_all(fd.get(), content, "a file in memory"));
  if (::lseek(fd.get(), 0, SEEK_SET) < 0) {
    return Error::from_errno(errno, "rewind a file in memory");
  }
  return fd;
}

base::Result<std::string> content_of(const base::UniqueFd& fd, const std::string& what) {
  if (::lseek(fd.get(), 0, SEEK_SET) < 0) {
    return Error::from_errno(errno, "rewind " + what);
  }
  return base::read_all(fd.get(), kMostOutput, what);
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) {
    pointers.push_back(text.data());
  }
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> environment_with(
    const std::vector<std::pair<std::string, std::string>>& changes) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    bool replaced = false;
    for (const auto& [name, ignored] : changes) {
      replaced = replaced || text.starts_with(name + "=");
    }
    if (!replaced) {
      all.push_back(text);
    }
  }
  for (const auto& [name, value] : changes) {
    std::string& pair = all.emplace_back(name);
    pair.append("=").append(value);
  }
  return all;
}

struct Streams {
  base::UniqueFd in;
  base::UniqueFd out;
  base::UniqueFd err;
};

base::Result<pid_t> spawn(const Program& program, const Streams& streams) {
  std::vector<std::string> words = program.words;
  std::vector<std::string> environment = environment_with(program.environment);
  posix_spawn_file_actions_t actions{};
  ::posix_spawn_file_actions_init(&actions);
  int failed = ::posix_spawn_file_actions_adddup2(&actions, streams.in.get(), STDIN_FILENO);
  failed |= ::posix_spawn_file_actions_adddup2(&actions, streams.out.get(), STDOUT_FILENO);
  failed |= ::posix_spawn_file_actions_adddup2(&actions, streams.err.get(), STDERR_FILENO);
  pid_t pid = 0;
  if (failed == 0) {
    failed = ::posix_spawnp(&pid, words.front().c_str(), &actions, nullptr,
                            pointers_to(words).data(), pointers_to(environment).data());
  }
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) {
    return Error::from_errno(failed, "run " + program.words.front());
  }
  return pid;
}

// Its status as of waitpid(2); nothing of it is left afterwards, in time or not.
base::Result<int> wait_for(pid_t pid, const Program& program) {
  const base::Deadline deadline(program.patience);
  // pidfd_open(2) has no wrapper in glibc 2.36's headers that clang 14 takes.
  const base::UniqueFd handle(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  pollfd ended{handle.get(), POLLIN, 0};
  int ready = 0;
  do {
    ready = ::poll(&ended, 1, static_cast<int>(deadline.left().count()));
  } while (ready < 0 && errno == EINTR);
  if (ready <= 0) {
    ::kill(pid, SIGKILL);
  }
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (ready <= 0) {
    return Error(ErrorKind::kTryAgain, program.words.front() + " did not end within " +
                                           std::to_string(program.patience.count()) + " ms");
  }
  return status;
}

}  // namespace

base::Result<Ended> run_program(const Program& program) {
  Streams streams;
  streams.in = TRY(nameless_file(program.input));
  streams.out = TRY(nameless_file(""));
  streams.err = TRY(nameless_file(""));
  const pid_t pid = TRY(spawn(program, streams));
  const int status = TRY(wait_for(pid, program));
  Ended ended;
  ended.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  ended.out = TRY(content_of(streams.out, "what " + program.words.front() + " prints"));
  ended.err = TRY(content_of(streams.err, "what " + program.words.front() + " says"));
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

}  // namespace catena::cli
