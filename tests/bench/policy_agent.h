// An agent that keeps NetworkPolicies on a rig's node, and the API server that it watches.
#pragma once

#include <memory>
#include <string>

#include "tests/bench/rigs.h"
#include "tests/kernel/agent/running_agent.h"
#include "tests/support/kube/api_server.h"

namespace catena::bench {

// Namespace bench has a policy that isolates every pod and lets 10.0.0.0/8 in; pods are those that
// were put. The rig must outlive it.
class PolicyAgent {
 public:
  explicit PolicyAgent(const Rig& rig);

  // Pod bench/<name>, of uid "uid".
  void put_pod(const std::string& name) const;
  // Once the agent knows all that was put.
  void start();
  std::string socket() const { return agent_->socket(); }
  const test::RunningAgent& agent() const { return *agent_; }
  test::ObjectStore& objects() const { return api_->objects(); }

 private:
  const Rig& rig_;
  std::unique_ptr<test::ApiServer> api_;
  std::unique_ptr<test::RunningAgent> agent_;
};

// As a runtime names that pod.
std::string cni_args_of(const std::string& name);

}  // namespace catena::bench
