// A node with catena-vpc-route and catena-policy, an API server of the test's, and an agent that
// watches it.
#pragma once

#include <memory>
#include <string>

#include "tests/chain/chain_node.h"
#include "tests/kernel/agent/running_agent.h"
#include "tests/support/kube/api_server.h"

namespace catena::test {

// What a chain says beside its addresses.
struct PolicyChain {
  std::string network = "chain";
  std::string cidr = "172.30.1.0/24";
  bool with_policy = true;
  json policy_keys = json::object();
};

// Pods are of namespace shop.
class PoliciedNode {
 public:
  // With chain "chain" of default keys.
  PoliciedNode();

  const ChainNode& chain() const { return chain_; }
  const ScratchNetNs& outside() const { return chain_.outside(); }
  ApiServer& api() const { return *api_; }
  void install(const PolicyChain& chain) const;

  void start_agent();
  // With a pod that is called web and a policy, "deny", that allows nobody anything.
  void start_agent_that_denies();
  void kill_agent() { agent_.reset(); }
  RunningAgent& agent() const { return *agent_; }

  // As the API server has it before its ADD, with the label app=<name> and what `labels` says.
  void put_pod(const std::string& name, const json& labels = json::object()) const;
  void put_policy(const std::string& name, const json& spec) const;
  void remove_policy(const std::string& name) const;

  // By cnitool, with that address wanted. Fails the test when it fails.
  json add(const std::string& name, const ScratchNetNs& pod, const std::string& address,
           const std::string& network = "chain") const;
  void del(const std::string& name, const ScratchNetNs& pod,
           const std::string& network = "chain") const;

 private:
  PodOptions options(const std::string& name, const std::string& address) const;
  std::string agent_socket() const { return agent_ == nullptr ? "/nowhere" : agent_->socket(); }

  ChainNode chain_;
  std::string state_dir_;
  std::unique_ptr<ApiServer> api_;
  std::unique_ptr<RunningAgent> agent_;
};

// Nobody may begin anything with these pods, nor they with anybody.
json deny_all(const json& pods = json::object());
// Who may begin something with them: {"podSelector": ...}, {"ipBlock": ...}.
json allow_from(const json& peer, const json& pods = json::object());

}  // namespace catena::test
