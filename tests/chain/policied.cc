#include "tests/chain/policied.h"

#include <fstream>

#include <gtest/gtest.h>

#include "tests/kernel/agent/watched_node.h"
#include "tests/support/kube/load_objects.h"

namespace catena::test {

PoliciedNode::PoliciedNode() : state_dir_(chain_.state_dir()) {
  chain_.node().run([this] { api_ = std::make_unique<ApiServer>(); });
  std::ofstream(chain_.dir() + "/kubeconfig") << kubeconfig_of(api_->config());
  api_->objects().put(
      {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", "shop"}}}});
  install({});
}

void PoliciedNode::install(const PolicyChain& chain) const {
  json conflist = chain_.conflist("1.0.0",
                                  {{"podCIDRs", {chain.cidr}},
                                   {"stateDir", state_dir_},
                                   {"coolSeconds", 0},
                                   {"closedUntilPolicy", chain.with_policy},
                                   {"capabilities", {{"ips", true}}}},
                                  chain.network);
  if (chain.with_policy) {
    json policy = {
        {"type", "catena-policy"}, {"stateDir", state_dir_}, {"logFile", chain_.dir() + "/log"}};
    policy.merge_patch(chain.policy_keys);
    conflist["plugins"].push_back(policy);
  }
  chain_.install(conflist);
}

void PoliciedNode::start_agent_that_denies() {
  put_policy("deny", deny_all());
  put_pod("web");
  start_agent();
}

void PoliciedNode::start_agent() {
  agent_ = std::make_unique<RunningAgent>(
      chain_.node(), state_dir_,
      std::vector<std::string>{"--api", chain_.dir() + "/kubeconfig", "--node-name", "node-1",
                               "--pool", "off"});
  EXPECT_TRUE(eventually([&] { return agent_->metric("catena_agent_policy_synced") == 1; }))
      << agent_->log();
}

void PoliciedNode::put_pod(const std::string& name, const json& labels) const {
  json all = {{"app", name}};
  all.merge_patch(labels);
  api_->objects().put(pod_of_shop(name, "u-" + name, {{"metadata", {{"labels", all}}}}));
}

void PoliciedNode::put_policy(const std::string& name, const json& spec) const {
  api_->objects().put({{"apiVersion", "networking.k8s.io/v1"},
                       {"kind", "NetworkPolicy"},
                       {"metadata", {{"name", name}, {"namespace", "shop"}}},
                       {"spec", spec}});
}

void PoliciedNode::remove_policy(const std::string& name) const {
  api_->objects().remove("NetworkPolicy", "shop", name);
}

PodOptions PoliciedNode::options(const std::string& name, const std::string& address) const {
  PodOptions options;
  if (!address.empty()) {
    options.capabilities = {{"ips", {address}}};
  }
  options.args =
      "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=" + name + ";K8S_POD_UID=u-" + name;
  options.environment = {{"CATENA_SOCKET", agent_socket()}};
  return options;
}

json PoliciedNode::add(const std::string& name, const ScratchNetNs& pod, const std::string& address,
                       const std::string& network) const {
  return chain_.add(network, pod, options(name, address));
}

void PoliciedNode::del(const std::string& name, const ScratchNetNs& pod,
                       const std::string& network) const {
  chain_.del(network, pod, options(name, ""));
}

json deny_all(const json& pods) {
  return {{"podSelector", pods}, {"policyTypes", {"Ingress", "Egress"}}};
}

json allow_from(const json& peer, const json& pods) {
  return {{"podSelector", pods},
          {"policyTypes", {"Ingress"}},
          {"ingress", json::array({{{"from", json::array({peer})}}})}};
}

}  // namespace catena::test
