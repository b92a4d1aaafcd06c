// catena-agent call DUTY: one duty, once.
#pragma once

#include <string>
#include <vector>

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
  NodeOptions node;
  std::chrono::seconds deadline{120};
  std::vector<std::string> cidrs;  // route.*
  std::string table;
  std::string eni;                     // grow, release
  std::vector<std::string> addresses;  // release
  int ipv4 = 0;                        // grow
  int ipv6 = 0;
  std::string mode = "shared";
  std::string purpose;
};

// Prints the result on stdout or one line on stderr.
Exit run(const Call& call);

}  // namespace catena::agent
