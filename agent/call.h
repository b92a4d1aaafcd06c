// catena-agent call DUTY: one duty, once.
#pragma once

#include <chrono>
#include <string>

#include "agent/node.h"

namespace catena::agent {

// How the program ends; docs/agent.md has the table.
enum class Exit {
  kDone = 0,
  kFailed = 1,  // somebody has to change something before the same call can succeed
  kUsage = 2,   // the command line, eni.conf or the environment is wrong
  kLater = 3,   // the same call may succeed later; what was begun is written down
};

struct Call {
  std::string duty;
  std::string args = "{}";  // a JSON object
  NodeOptions node;
  std::chrono::seconds deadline{120};
};

// Prints the result on stdout or one line on stderr.
Exit run(const Call& call);

// The words after the program's name, "call" the first of them.
Exit call_main(int argc, char** argv);

}  // namespace catena::agent
