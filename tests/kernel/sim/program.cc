#include "tests/kernel/sim/program.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "common/base/unique_fd.h"
#include "tests/support/paths.h"

namespace catena::test {
namespace {

constexpr int kPatienceMs = 30'000;

std::string program_path() { return bin_dir() + "/catena-sim"; }

// Up to the line "ready" or the program's end.
std::string read_greeting(int fd) {
  std::string text;
  std::array<char, 4096> buffer{};
  pollfd waiting{fd, POLLIN, 0};
  while (text.find("\nready\n") == std::string::npos && ::poll(&waiting, 1, kPatienceMs) == 1) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got <= 0) {
      break;
    }
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return text;
}

}  // namespace

Program::Program(const std::vector<std::string>& arguments) {
  std::vector<std::string> words{program_path(), "run", "--listen", "127.0.0.1:0"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    ADD_FAILURE() << "pipe2: " << std::strerror(errno);
    return;
  }
  const base::UniqueFd read_end(ends[0]);
  base::UniqueFd write_end(ends[1]);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);  // a test that is killed leaves nothing either
    ::dup2(write_end.get(), 1);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  write_end.reset();
  greeting_ = read_greeting(read_end.get());
  EXPECT_NE(greeting_.find("\nready\n"), std::string::npos) << greeting_;
}

Program::~Program() {
  if (pid_ > 0) {
    end(SIGTERM);
  }
}

std::string Program::endpoint() const {
  const std::string before = "OpenAPI   http://";
  const std::size_t at = greeting_.find(before);
  if (at == std::string::npos) {
    return "nowhere";
  }
  const std::size_t start = at + before.size();
  return greeting_.substr(start, greeting_.find('\n', start) - start);
}

int Program::end(int signal) {
  ::kill(pid_, signal);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Outcome catena_sim(const std::vector<std::string>& arguments) {
  std::vector<std::string> words{program_path()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return run_process(words);
}

}  // namespace catena::test
