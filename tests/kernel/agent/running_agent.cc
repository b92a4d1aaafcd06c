#include "tests/kernel/agent/running_agent.h"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "common/ask/socket.h"
#include "common/base/file.h"
#include "tests/support/paths.h"

namespace catena::test {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) {
    pointers.push_back(word.data());
  }
  pointers.push_back(nullptr);
  return pointers;
}

std::string exchange_tcp(std::uint16_t port, const std::string& request) {
  const base::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      !base::write_all(fd.get(), request, "request").ok()) {
    return "no connection";
  }
  const auto answer = base::read_all(fd.get(), std::size_t{1} << 20U, "answer");
  return answer.ok() ? *answer : answer.error().text();
}

}  // namespace

bool eventually(const std::function<bool()>& condition, milliseconds patience) {
  const Clock::time_point end = Clock::now() + patience;
  while (!condition()) {
    if (Clock::now() >= end) {
      return false;
    }
    std::this_thread::sleep_for(milliseconds(2));
  }
  return true;
}

RunningAgent::RunningAgent(const ScratchNetNs& netns, const std::string& state_dir,
                           const std::vector<std::string>& options, const Environment& more)
    : netns_(netns) {
  std::vector<std::string> words{
      bin_dir() + "/catena-agent", "run", "--state-dir", state_dir, "--listen", "127.0.0.1:0"};
  words.insert(words.end(), options.begin(), options.end());
  std::vector<std::string> variables;  // of two with one name the first counts
  for (const auto& [name, value] : more) {
    std::string variable = name;
    variables.push_back(variable.append("=").append(value));
  }
  variables.insert(variables.end(), {"CATENA_SOCKET=" + socket(), "PATH=/usr/sbin:/usr/bin:/bin"});
  const std::vector<char*> argv = pointers_to(words);
  const std::vector<char*> environment = pointers_to(variables);
  const std::string log_path = dir_.path() + "/stderr";
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int log = ::open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(log, STDERR_FILENO);
    if (::setns(netns.fd(), CLONE_NEWNET) == 0) {
      ::execve(argv[0], argv.data(), environment.data());
    }
    ::_exit(127);
  }
  EXPECT_TRUE(eventually([this] { return log().find("serving at") != std::string::npos; }))
      << log();
}

RunningAgent::~RunningAgent() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
}

std::string RunningAgent::log() const {
  const auto text = base::read_file(dir_.path() + "/stderr", std::size_t{1} << 20U);
  return text.ok() ? *text : std::string();
}

nlohmann::json RunningAgent::ask(const nlohmann::json& request) const {
  const auto answer =
      ask::exchange(socket(), request.dump(), base::Deadline(std::chrono::seconds(60)));
  if (!answer.ok() || !answer->has_value()) {
    return nullptr;
  }
  return nlohmann::json::parse(**answer, nullptr, false);
}

std::string RunningAgent::get(const std::string& path) const {
  const std::string text = log();
  const std::string label = "http://127.0.0.1:";
  const std::size_t at = text.find(label);
  if (at == std::string::npos) {
    return "no address";
  }
  const auto port = std::strtoul(text.c_str() + at + label.size(), nullptr, 10);
  std::string answer;
  netns_.run([&] {
    answer = exchange_tcp(static_cast<std::uint16_t>(port),
                          "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  });
  return answer;
}

double RunningAgent::metric(const std::string& name_and_labels) const {
  const std::string page = get("/metrics");
  const std::string line = "\n" + name_and_labels + " ";
  const std::size_t at = page.find(line);
  return at == std::string::npos ? -1 : std::strtod(page.c_str() + at + line.size(), nullptr);
}

void RunningAgent::signal(int number) const { ::kill(pid_, number); }

std::pair<int, milliseconds> RunningAgent::stop() {
  const Clock::time_point begin = Clock::now();
  ::kill(pid_, SIGTERM);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          std::chrono::duration_cast<milliseconds>(Clock::now() - begin)};
}

}  // namespace catena::test
