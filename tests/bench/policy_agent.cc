#include "tests/bench/policy_agent.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/support/kube/load_objects.h"

namespace catena::bench {
namespace {

using nlohmann::json;

constexpr const char* kNamespace = "bench";

}  // namespace

std::string cni_args_of(const std::string& name) {
  return std::string("IgnoreUnknown=1;K8S_POD_NAMESPACE=") + kNamespace + ";K8S_POD_NAME=" + name +
         ";K8S_POD_UID=uid";
}

PolicyAgent::PolicyAgent(const Rig& rig) : rig_(rig) {
  rig_.node.run([this] { api_ = std::make_unique<test::ApiServer>(); });
  std::ofstream(rig_.dir.path() + "/kubeconfig") << test::kubeconfig_of(api_->config());
  api_->objects().put(
      {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", kNamespace}}}});
  const json peer = {{"ipBlock", {{"cidr", "10.0.0.0/8"}}}};
  const json rule = {{"from", json::array({peer})}};
  api_->objects().put({{"apiVersion", "networking.k8s.io/v1"},
                       {"kind", "NetworkPolicy"},
                       {"metadata", {{"name", "some"}, {"namespace", kNamespace}}},
                       {"spec",
                        {{"podSelector", json::object()},
                         {"policyTypes", {"Ingress", "Egress"}},
                         {"ingress", json::array({rule})}}}});
}

void PolicyAgent::put_pod(const std::string& name) const {
  const json container = {{"name", "c"}, {"image", "c"}};
  api_->objects().put({{"apiVersion", "v1"},
                       {"kind", "Pod"},
                       {"metadata", {{"name", name}, {"namespace", kNamespace}, {"uid", "uid"}}},
                       {"spec", {{"nodeName", "node-1"}, {"containers", json::array({container})}}},
                       {"status", {{"phase", "Pending"}}}});
}

void PolicyAgent::start() {
  agent_ = std::make_unique<test::RunningAgent>(
      rig_.node, rig_.dir.path(),
      std::vector<std::string>{"--api", rig_.dir.path() + "/kubeconfig", "--node-name", "node-1",
                               "--pool", "off"});
  if (!test::eventually([this] { return agent_->metric("catena_agent_policy_synced") == 1; })) {
    std::fprintf(stderr, "bench: the agent does not know the policies:\n%s\n",
                 agent_->log().c_str());
    std::exit(2);
  }
}

}  // namespace catena::bench
