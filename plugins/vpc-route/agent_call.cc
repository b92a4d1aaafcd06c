#include "plugins/vpc-route/agent_call.h"

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

namespace catena::vpc_route {
namespace {

using base::Error;
using base::ErrorKind;

constexpr const char* kAgent = "catena-agent";
constexpr std::size_t kMostSaid = 8192;  // bytes of stderr that are kept

class SpawnActions {
 public:
  SpawnActions() { ::posix_spawn_file_actions_init(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  SpawnActions(SpawnActions&&) = delete;
  SpawnActions& operator=(SpawnActions&&) = delete;
  ~SpawnActions() { ::posix_spawn_file_actions_destroy(&actions_); }

  // The plugin's own stdin and stdout are the protocol's.
  int redirect(int err) {
    int failed =
        ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    failed |=
        ::posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
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

base::Result<pid_t> spawn(const std::string& program, const std::vector<std::string>& arguments,
                          int err) {
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
  const int failed = actions.redirect(err);
  const int error = failed != 0 ? failed
                                : ::posix_spawn(&pid, program.c_str(), actions.get(), nullptr,
                                                argv.data(), environ);
  if (error != 0) {
    return Error::from_errno(error, "run " + program);
  }
  return pid;
}

// What comes until the other side closes; nothing when the time is over before that.
base::Result<std::string> read_until_closed(int fd, const base::Deadline& deadline) {
  std::string said;
  std::array<char, 1024> buffer{};
  while (true) {
    pollfd ready{fd, POLLIN, 0};
    const int polled = ::poll(&ready, 1, static_cast<int>(deadline.left().count()));
    if (polled == 0) {
      return Error(ErrorKind::kTryAgain, "it did not end in time");
    }
    const ssize_t count = polled < 0 ? -1 : ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno != EINTR) {
      return Error::from_errno(errno, "read what it says");
    }
    if (count == 0) {
      return said;
    }
    if (count > 0 && said.size() < kMostSaid) {
      said.append(buffer.data(), static_cast<std::size_t>(count));
    }
  }
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
      .advice("install it beside the plugins, or set manageRoute to false");
}

base::Status run_agent(const std::string& program, const std::vector<std::string>& arguments,
                       std::chrono::milliseconds patience) {
  const base::Deadline deadline(patience);
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return Error::from_errno(errno, "make a pipe");
  }
  const base::UniqueFd from_child(ends[0]);
  base::UniqueFd to_parent(ends[1]);
  Child child(TRY(spawn(program, arguments, to_parent.get())));
  to_parent.reset();
  const auto said = read_until_closed(from_child.get(), deadline);
  if (!said.ok()) {
    return Error(said.error()).context(program);
  }
  const int status = child.wait();
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    return {};
  }
  std::string why = last_line(*said);
  if (why.empty()) {
    why = program + (WIFSIGNALED(status)
                         ? " was ended by signal " + std::to_string(WTERMSIG(status))
                         : " ended with status " + std::to_string(WEXITSTATUS(status)));
  }
  return Error(ErrorKind::kTryAgain, why);
}

}  // namespace catena::vpc_route
