// The real catena-sim, run by a test.
#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

#include "tests/support/process.h"

namespace catena::test {

class Program {
 public:
  // `catena-sim run` with these and a free port; waits until it is ready. Fails the running test
  // where it does not get ready.
  explicit Program(const std::vector<std::string>& arguments);
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  Program(Program&&) = delete;
  Program& operator=(Program&&) = delete;
  ~Program();

  // What it printed until it was ready.
  const std::string& greeting() const { return greeting_; }
  // "127.0.0.1:<port>"
  std::string endpoint() const;
  // Sends `signal` and waits for its end; its exit status, 128 + n when killed by signal n.
  int end(int signal);

 private:
  pid_t pid_ = -1;
  std::string greeting_;
};

// `catena-sim` with these, to its end.
Outcome catena_sim(const std::vector<std::string>& arguments);

}  // namespace catena::test
