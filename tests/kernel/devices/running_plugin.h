// catena-device-plugin as a program.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace catena::test {

struct PluginPlaces {
  std::string kubelet_dir;
  std::string state_dir;
  std::string eni_conf;
  std::string agent_socket;
  std::string log;  // its stderr is appended
};

class RunningPlugin {
 public:
  // Asks the agent every second. Does not wait until it serves.
  explicit RunningPlugin(const PluginPlaces& places);
  RunningPlugin(const RunningPlugin&) = delete;
  RunningPlugin& operator=(const RunningPlugin&) = delete;
  RunningPlugin(RunningPlugin&&) = delete;
  RunningPlugin& operator=(RunningPlugin&&) = delete;
  ~RunningPlugin();

  // Sends `signal` and waits for its end; its exit status, 128 + n when killed by signal n.
  int end(int signal);
  // Its exit status without being asked to end.
  int wait();
  double resident_mib() const;

 private:
  pid_t pid_ = -1;
};

}  // namespace catena::test
