#include "tests/kernel/devices/running_plugin.h"

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/file.h"
#include "tests/support/paths.h"

namespace catena::test {

RunningPlugin::RunningPlugin(const PluginPlaces& places) {
  std::vector<std::string> words{bin_dir() + "/catena-device-plugin",
                                 "--kubelet-dir",
                                 places.kubelet_dir,
                                 "--state-dir",
                                 places.state_dir,
                                 "--eni-conf",
                                 places.eni_conf,
                                 "--ask-again",
                                 "1"};
  std::string socket = "CATENA_SOCKET=" + places.agent_socket;
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  const std::vector<char*> environment{socket.data(), nullptr};
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int log = ::open(places.log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(log, STDERR_FILENO);
    ::execve(argv[0], argv.data(), environment.data());
    ::_exit(127);
  }
}

RunningPlugin::~RunningPlugin() {
  if (pid_ > 0) {
    end(SIGKILL);
  }
}

int RunningPlugin::end(int signal) {
  ::kill(pid_, signal);
  return wait();
}

int RunningPlugin::wait() {
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

double RunningPlugin::resident_mib() const {
  const auto text = base::read_file("/proc/" + std::to_string(pid_) + "/status", 16384);
  const std::string label = "VmRSS:";
  const std::size_t at = text.ok() ? text->find(label) : std::string::npos;
  return at == std::string::npos ? -1
                                 : std::strtod(text->c_str() + at + label.size(), nullptr) / 1024;
}

}  // namespace catena::test
