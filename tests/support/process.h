// Running a program to its end, with its input given and its output kept.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace catena::test {

struct ProcessOptions {
  std::string input;
  // Replaces the environment; absent: inherited.
  std::optional<std::vector<std::pair<std::string, std::string>>> environment;
  int netns_fd = -1;                           // the namespace it starts in; -1: ours
  std::chrono::milliseconds patience{60'000};  // killed after that
};

struct Outcome {
  int exit_status = -1;  // 128 + n when killed by signal n
  std::string out;
  std::string err;
  std::chrono::microseconds wall{};
};

Outcome run_process(const std::vector<std::string>& argv, const ProcessOptions& options = {});

}  // namespace catena::test
