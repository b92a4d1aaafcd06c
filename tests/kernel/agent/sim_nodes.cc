#include "tests/kernel/agent/sim_nodes.h"

#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/base/unique_fd.h"
#include "tests/support/paths.h"

namespace catena::test {
namespace {

// Up to the line "ready", or what there was.
std::string read_greeting(int fd) {
  const base::Deadline deadline(std::chrono::seconds(60));
  std::string text;
  char buffer[1024];
  while (text.find("\nready\n") == std::string::npos) {
    pollfd ready{fd, POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(deadline.left().count())) <= 0) {
      break;
    }
    const ssize_t count = ::read(fd, buffer, sizeof buffer);
    if (count <= 0) {
      break;
    }
    text.append(buffer, static_cast<std::size_t>(count));
  }
  return text;
}

// The words of the line that begins with `label`.
std::vector<std::string_view> words_after(const std::string& text, std::string_view label) {
  for (const std::string_view line : base::split(text, '\n')) {
    if (line.starts_with(label)) {
      std::vector<std::string_view> words = base::split(line.substr(label.size()), ' ');
      std::erase(words, std::string_view());
      return words;
    }
  }
  return {};
}

}  // namespace

SimNodes::SimNodes() : prefix_("ctnag" + std::to_string(::getpid())) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    ADD_FAILURE() << "no pipe";
    return;
  }
  const base::UniqueFd from_child(ends[0]);
  base::UniqueFd to_parent(ends[1]);
  const std::string program = bin_dir() + "/catena-sim";
  const std::string state = dir_.path() + "/sim";
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    ::dup2(to_parent.get(), STDOUT_FILENO);
    ::execl(program.c_str(), program.c_str(), "run", "--nodes", "2", "--listen", "127.0.0.1:0",
            "--state", state.c_str(), "--prefix", prefix_.c_str(), nullptr);
    ::_exit(127);
  }
  to_parent.reset();
  const std::string greeting = read_greeting(from_child.get());
  EXPECT_NE(greeting.find("\nready\n"), std::string::npos) << greeting;
  for (const std::string_view word : words_after(greeting, "in nodes")) {
    const std::size_t equals = word.find('=');
    environment_.emplace_back(word.substr(0, equals), word.substr(equals + 1));
  }
  environment_.emplace_back("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
  for (const char* name : {"-node-1", "-node-2"}) {
    nodes_.push_back(std::make_unique<ScratchNetNs>("/run/netns/" + prefix_ + name));
  }
}

SimNodes::~SimNodes() {
  nodes_.clear();
  if (pid_ > 0) {
    ::kill(pid_, SIGTERM);
    int status = 0;
    ::waitpid(pid_, &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status;
  }
}

Outcome SimNodes::agent(int node, const std::vector<std::string>& words,
                        const Environment& more) const {
  std::vector<std::string> argv{bin_dir() + "/catena-agent", "call"};
  argv.insert(argv.end(), words.begin(), words.end());
  argv.insert(argv.end(), {"--state-dir", state_dir(node)});
  Environment environment = more;  // of two with one name the first counts
  environment.insert(environment.end(), environment_.begin(), environment_.end());
  return run_process(argv, {.environment = environment,
                            .netns_fd = netns(node).fd(),
                            .patience = std::chrono::seconds(120)});
}

Outcome SimNodes::ctl(const std::vector<std::string>& words) const {
  std::vector<std::string> argv{bin_dir() + "/catena-sim", "ctl", "--state", dir_.path() + "/sim"};
  argv.insert(argv.end(), words.begin(), words.end());
  return run_process(argv);
}

}  // namespace catena::test
