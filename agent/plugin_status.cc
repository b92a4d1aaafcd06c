#include "agent/plugin_status.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "common/base/fields.h"
#include "common/base/file.h"
#include "common/base/text.h"
#include "common/base/unique_fd.h"

namespace catena::agent {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using Json = nlohmann::json;

constexpr std::size_t kMostSaid = std::size_t{64} << 10U;  // bytes

Result<base::UniqueFd> memory_file(const char* name) {
  base::UniqueFd fd(::memfd_create(name, MFD_CLOEXEC));
  return fd.valid() ? Result<base::UniqueFd>(std::move(fd))
                    : Error::from_errno(errno, "make a file in memory");
}

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
      (void)collect();
    }
  }

  // Whether it ended in time.
  bool wait(std::chrono::milliseconds patience) const {
    const base::UniqueFd handle(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    pollfd ended{handle.get(), POLLIN, 0};
    int polled = -1;
    do {
      polled = ::poll(&ended, 1, static_cast<int>(patience.count()));
    } while (polled < 0 && errno == EINTR);
    return polled > 0;
  }
  // Its status as of waitpid(2).
  int collect() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = 0;
    return status;
  }

 private:
  pid_t pid_;
};

Result<pid_t> spawn(const std::string& program, const std::vector<std::string>& cni_path, int in,
                    int out) {
  std::array<std::string, 3> variables{"CNI_COMMAND=STATUS",
                                       "CNI_PATH=" + base::join(cni_path, ":"),
                                       "PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
  std::array<char*, 4> environment{variables[0].data(), variables[1].data(), variables[2].data(),
                                   nullptr};
  std::string name = program;
  std::array<char*, 2> argv{name.data(), nullptr};
  // The loop has blocked what it hears of by signalfd(2).
  sigset_t none;
  ::sigemptyset(&none);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  sigset_t ignored;  // by the daemon; a program that is run would inherit it
  ::sigemptyset(&ignored);
  ::sigaddset(&ignored, SIGPIPE);
  ::posix_spawnattr_setsigdefault(&attributes, &ignored);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  pid_t pid = 0;
  const int failed =
      ::posix_spawn(&pid, program.c_str(), &actions, &attributes, argv.data(), environment.data());
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (failed != 0) {
    return Error::from_errno(failed, "run " + program);
  }
  return pid;
}

// The message of a CNI error, or what was said instead.
std::string reason_in(const std::string& said, int status) {
  const Result<Json> json = base::parse_json(said, kMostSaid);
  if (json.ok() && json->is_object() && json->contains("msg") && json->at("msg").is_string()) {
    std::string reason = json->at("msg").get<std::string>();
    if (json->contains("details") && json->at("details").is_string()) {
      reason += ": " + json->at("details").get<std::string>();
    }
    return reason;
  }
  return WIFSIGNALED(status) ? "it was ended by signal " + std::to_string(WTERMSIG(status))
                             : "it ended with status " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

base::Status ask_status(const std::string& program, const std::string& config,
                        const std::vector<std::string>& cni_path,
                        std::chrono::milliseconds patience) {
  const base::UniqueFd in = TRY(memory_file("cni-stdin"));
  const base::UniqueFd out = TRY(memory_file("cni-stdout"));
  TRY(base::write_all(in.get(), config, "the plugin's configuration"));
  if (::lseek(in.get(), 0, SEEK_SET) != 0) {
    return Error::from_errno(errno, "rewind the plugin's configuration");
  }
  Child child(TRY(spawn(program, cni_path, in.get(), out.get())));
  if (!child.wait(patience)) {
    return Error(ErrorKind::kNotAvailable, "STATUS did not end in time");
  }
  const int status = child.collect();
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    return {};
  }
  ::lseek(out.get(), 0, SEEK_SET);
  const std::string said = TRY(base::read_all(out.get(), kMostSaid, "what the plugin said"));
  return Error(ErrorKind::kNotAvailable, "STATUS: " + reason_in(said, status));
}

}  // namespace catena::agent
