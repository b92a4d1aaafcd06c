// Running another program to its end.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "common/base/result.h"

namespace catena::base {

struct Program {
  std::vector<std::string> words;  // the first one is a path, or a name that PATH knows
  std::string input;
  // In the place of this process's variables of the same names, or alone.
  std::vector<std::pair<std::string, std::string>> environment;
  bool only_this_environment = false;
  bool says_to_our_stderr = false;             // what it says on stderr is passed on, not kept
  std::chrono::milliseconds patience{10'000};  // killed after that
  std::size_t kept = std::size_t{8} << 20U;    // bytes of each output; more is thrown away
};

struct Ended {
  int status = 0;  // exit status; 128 + n when signal n ended it
  std::string out;
  std::string err;

  std::string how() const;  // "ended with status 3", "was ended by signal 9"
};

// With no signal blocked and SIGPIPE not ignored, whatever this process does. kNotFound where there
// is no such program, kTryAgain where it did not end in time; nothing of it is left then.
Result<Ended> run_program(const Program& program);

// "DIR/NAME" of the first directory that has it, as something to execute; empty where none does.
std::string find_program(const std::vector<std::string>& directories, const std::string& name);

}  // namespace catena::base
