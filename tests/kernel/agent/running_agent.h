// catena-agent run, in a namespace of the test's.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/support/scratch_netns.h"
#include "tests/support/temp_dir.h"

namespace catena::test {

class RunningAgent {
 public:
  using Environment = std::vector<std::pair<std::string, std::string>>;

  // With this state directory and metrics at a port of the kernel's choice. Fails the running test
  // when it does not say that it serves. `netns` must outlive it.
  RunningAgent(const ScratchNetNs& netns, const std::string& state_dir,
               const std::vector<std::string>& options = {}, const Environment& more = {});
  RunningAgent(const RunningAgent&) = delete;
  RunningAgent& operator=(const RunningAgent&) = delete;
  RunningAgent(RunningAgent&&) = delete;
  RunningAgent& operator=(RunningAgent&&) = delete;
  ~RunningAgent();

  pid_t pid() const { return pid_; }
  std::string socket() const { return dir_.path() + "/run/agent.sock"; }
  // Its stderr so far.
  std::string log() const;
  // One line there and back; null when it closed without an answer.
  nlohmann::json ask(const nlohmann::json& request) const;
  // The body of a page, with "HTTP/1.1 <status>" and its headers before it.
  std::string get(const std::string& path) const;
  // The value of a metric's line; -1 where there is none.
  double metric(const std::string& name_and_labels) const;
  void signal(int number) const;
  // Its exit status, 128 + n for signal n, and how long it took from SIGTERM on.
  std::pair<int, std::chrono::milliseconds> stop();

 private:
  const ScratchNetNs& netns_;
  TempDir dir_;
  pid_t pid_ = -1;
};

// Whether `condition` came to hold in time.
bool eventually(const std::function<bool()>& condition,
                std::chrono::milliseconds patience = std::chrono::seconds(20));

}  // namespace catena::test
