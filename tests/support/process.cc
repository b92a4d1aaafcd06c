#include "tests/support/process.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/unique_fd.h"

namespace catena::test {
namespace {

using Clock = std::chrono::steady_clock;

struct Pipe {
  base::UniqueFd read_end;
  base::UniqueFd write_end;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    std::perror("pipe2");
    std::abort();
  }
  return {base::UniqueFd(ends[0]), base::UniqueFd(ends[1])};
}

[[noreturn]] void run_child(const std::vector<char*>& argv, const std::vector<char*>& environment,
                            bool own_environment, int netns_fd, int in, int out, int err) {
  ::dup2(in, 0);
  ::dup2(out, 1);
  ::dup2(err, 2);
  if (netns_fd >= 0 && ::setns(netns_fd, CLONE_NEWNET) != 0) {
    ::_exit(126);
  }
  if (own_environment) {
    ::execve(argv[0], argv.data(), environment.data());
  } else {
    ::execvp(argv[0], argv.data());
  }
  ::_exit(127);
}

std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) {
    pointers.push_back(word.data());
  }
  pointers.push_back(nullptr);
  return pointers;
}

// Moves what there is from `fd` to `text`; false at its end.
bool drain(int fd, std::string& text) {
  std::array<char, 65536> buffer{};
  const ssize_t got = ::read(fd, buffer.data(), buffer.size());
  if (got > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return got > 0 || (got < 0 && errno == EINTR);
}

// Feeds `input` to `in` and collects `out` and `err` until both end or time is up.
void converse(base::UniqueFd in, const std::string& input, int out, int err, Outcome& outcome,
              Clock::time_point end) {
  std::size_t fed = 0;
  bool out_open = true;
  bool err_open = true;
  if (input.empty()) {
    in.reset();
  }
  while (out_open || err_open) {
    std::array<pollfd, 3> fds{{{out_open ? out : -1, POLLIN, 0},
                               {err_open ? err : -1, POLLIN, 0},
                               {in.valid() ? in.get() : -1, POLLOUT, 0}}};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
    if (left.count() <= 0 || ::poll(fds.data(), fds.size(), static_cast<int>(left.count())) == 0) {
      return;
    }
    if (fds[0].revents != 0) {
      out_open = drain(out, outcome.out);
    }
    if (fds[1].revents != 0) {
      err_open = drain(err, outcome.err);
    }
    if (fds[2].revents != 0) {
      const ssize_t wrote = ::write(in.get(), input.data() + fed, input.size() - fed);
      fed += wrote > 0 ? static_cast<std::size_t>(wrote) : 0;
      if (wrote < 0 || fed == input.size()) {
        in.reset();
      }
    }
  }
}

}  // namespace

Outcome run_process(const std::vector<std::string>& argv, const ProcessOptions& options) {
  ::signal(SIGPIPE, SIG_IGN);
  std::vector<std::string> words = argv;
  std::vector<std::string> environment;
  for (const auto& [name, value] :
       options.environment.value_or(std::vector<std::pair<std::string, std::string>>{})) {
    environment.emplace_back(name).append("=").append(value);
  }
  const std::vector<char*> argv_pointers = pointers_to(words);
  const std::vector<char*> environment_pointers = pointers_to(environment);
  Pipe in = make_pipe();
  Pipe out = make_pipe();
  Pipe err = make_pipe();

  Outcome outcome;
  const auto start = Clock::now();
  const pid_t child = ::fork();
  if (child == 0) {
    run_child(argv_pointers, environment_pointers, options.environment.has_value(),
              options.netns_fd, in.read_end.get(), out.write_end.get(), err.write_end.get());
  }
  in.read_end.reset();
  out.write_end.reset();
  err.write_end.reset();
  const auto end = start + options.patience;
  converse(std::move(in.write_end), options.input, out.read_end.get(), err.read_end.get(), outcome,
           end);
  if (Clock::now() >= end) {
    ::kill(child, SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  outcome.wall = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
  outcome.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return outcome;
}

}  // namespace catena::test
