// Running another program to its end.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "common/base/result.h"

namespace catena::cli {

struct Program {
  std::vector<std::string> words;  // the first one is a path, or a name that PATH knows
  std::string input;
  // Beside this process's environment, in whose place they stand.
  std::vector<std::pair<std::string, std::string>> environment;
  std::chrono::milliseconds patience{10'000};  // killed after that
};

struct Ended {
  int status = 0;  // exit status; 128 + n when signal n ended it
  std::string out;
  std::string err;
};

// kNotFound where there is no such program, kTryAgain where it did not end in time. Each output is
// kept up to 8 MiB; more is an error.
base::Result<Ended> run_program(const Program& program);

// "DIR/NAME" of the first directory that has it, as something to execute; empty where none does.
std::string find_program(const std::vector<std::string>& directories, const std::string& name);

}  // namespace catena::cli
