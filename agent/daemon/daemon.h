// catena-agent run: every duty, by itself and on demand, for as long as the node is up.
#pragma once

#include <string>
#include <vector>

#include "agent/call.h"
#include "agent/conflist.h"
#include "agent/node.h"
#include "common/firewall/backend.h"

namespace catena::agent {

// What is kept in stock for pods to come.
enum class Pool {
  kAll,   // addresses of shared ENIs, and idle ENIs
  kEnis,  // idle ENIs alone: nothing is attached that pods of their own ENI could have had
  kNothing,
};

struct DaemonOptions {
  NodeOptions node;
  std::string listen = "127.0.0.1:19109";  // metrics and health; "none"
  ConflistPlan conflist;                   // `from` empty: none is written
  Pool pool = Pool::kAll;
  bool policy = false;  // NetworkPolicies are kept; needs node.api
  firewall::Backend policy_backend = firewall::Backend::kAuto;
  bool policy_revoke = false;   // running flows that policies forbid are cut
  bool advertise_enis = false;  // aliyun/eni, in the node's status
};

// Until SIGTERM or SIGINT. An error at the start says what is wrong. Ends the process itself where
// it began to serve: duties that wait for the cloud are not waited for.
Exit run_daemon(const DaemonOptions& options);

// The words after the program's name, "run" the first of them.
Exit run_main(int argc, char** argv);

}  // namespace catena::agent
