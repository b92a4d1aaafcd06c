#include "tests/bench/launcher.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace catena::bench {
namespace {

[[noreturn]] void die(const std::string& what) {
  std::fprintf(stderr, "bench: %s\n", what.c_str());
  std::exit(2);
}

base::UniqueFd file_in_memory(const char* name) {
  base::UniqueFd fd(::memfd_create(name, MFD_CLOEXEC));
  if (!fd.valid()) {
    die("memfd_create failed");
  }
  return fd;
}

}  // namespace

double now_ms() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

Launch::Launch(std::string program, const Environment& environment, const std::string& input,
               std::vector<std::string> arguments)
    : program_(std::move(program)),
      arguments_(std::move(arguments)),
      input_(file_in_memory("stdin")),
      output_(file_in_memory("stdout")) {
  for (const auto& [name, value] : environment) {
    environment_.emplace_back(name).append("=").append(value);
  }
  if (::pwrite(input_.get(), input.data(), input.size(), 0) != static_cast<ssize_t>(input.size())) {
    die("can't write a plugin's input");
  }
}

void Launch::start() {
  std::vector<char*> argv{program_.data()};
  argv.reserve(arguments_.size() + 2);
  for (std::string& argument : arguments_) {
    argv.push_back(argument.data());
  }
  argv.push_back(nullptr);
  std::vector<char*> environment;
  environment.reserve(environment_.size() + 1);
  for (std::string& entry : environment_) {
    environment.push_back(entry.data());
  }
  environment.push_back(nullptr);

  ::lseek(input_.get(), 0, SEEK_SET);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, input_.get(), 0);
  ::posix_spawn_file_actions_adddup2(&actions, output_.get(), 1);
  const int failure =
      ::posix_spawn(&child_, program_.c_str(), &actions, nullptr, argv.data(), environment.data());
  ::posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) {
    errno = failure;
    std::perror(program_.c_str());
    std::exit(2);
  }
}

void Launch::finish() {
  int status = 0;
  while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    die(program_ + " failed: " + output());
  }
}

double Launch::time() {
  const double begin = now_ms();
  start();
  finish();
  return now_ms() - begin;
}

std::string Launch::output() const {
  std::string text;
  std::array<char, 4096> buffer{};
  off_t at = 0;
  for (ssize_t got = 0; (got = ::pread(output_.get(), buffer.data(), buffer.size(), at)) > 0;
       at += got) {
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return text;
}

Burst time_burst(std::vector<Launch>& launches) {
  Burst burst;
  const double begin = now_ms();
  for (Launch& launch : launches) {
    launch.start();
  }
  // Reaped in the order they end.
  for (std::size_t i = 0; i < launches.size(); ++i) {
    siginfo_t ended{};
    while (::waitid(P_ALL, 0, &ended, WEXITED) < 0 && errno == EINTR) {
    }
    burst.each_ms.push_back(now_ms() - begin);
    if (ended.si_code != CLD_EXITED || ended.si_status != 0) {
      for (const Launch& launch : launches) {
        std::fprintf(stderr, "%s", launch.output().c_str());
      }
      die("a plugin of a burst failed");
    }
  }
  burst.all_ms = burst.each_ms.back();
  return burst;
}

}  // namespace catena::bench
