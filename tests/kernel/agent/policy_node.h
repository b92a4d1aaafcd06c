// A node with two pods under NetworkPolicy and a neighbour outside, an API server of the test's
// there, and what the plugins leave for the agent.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/netpol/record.h"
#include "tests/kernel/agent/running_agent.h"
#include "tests/kernel/agent/watched_node.h"
#include "tests/kernel/firewall/scene.h"
#include "tests/support/process.h"

namespace catena::test {

struct PolicyPod {
  const firewall::test::Place& place;
  std::string name;
  std::string uid;
  bool own_nic = false;
};

class PolicyNode {
 public:
  using Json = nlohmann::json;

  // The guard is there, and lets nobody through.
  PolicyNode();

  firewall::test::Scene scene;
  WatchedNode watched{scene.node.netns};
  PolicyPod web{scene.pod_a, "web", "u-web"};
  PolicyPod client{scene.pod_b, "client", "u-client"};

  // Objects of the API server.
  void put_namespace(const std::string& name, const Json& labels = Json::object()) const;
  void put_pod(const PolicyPod& pod, const Json& labels = Json::object(),
               const std::string& space = "shop") const;
  void put_policy(const std::string& name, const Json& spec) const;
  void remove_policy(const std::string& name) const;

  // As the plugins leave it before they ask.
  netpol::Record record_of(const PolicyPod& pod) const;
  void write_record(const PolicyPod& pod) const;
  void remove_record(const PolicyPod& pod) const;
  netpol::Records records() const { return netpol::Records(watched.state()); }

  static Json add_args(const netpol::Record& record, const char* on_unknown = "deny");
  // The daemon's answer; the record is written before.
  Json add(const RunningAgent& agent, const PolicyPod& pod, const char* on_unknown = "deny",
           int deadline_ms = 10'000) const;
  // Without a daemon. `api`: a kubeconfig, or "none".
  Outcome call(const std::string& duty, const Json& args, const std::string& api) const;
  Outcome add_once(const PolicyPod& pod, const std::string& api) const;

  // Once it knows all that matters to policies.
  std::unique_ptr<RunningAgent> start(const std::vector<std::string>& options = {},
                                      const RunningAgent::Environment& environment = {}) const;

  // Whether a new connection gets through, over IPv4 and IPv6; a difference fails the test.
  bool passes(const firewall::test::Place& from, const firewall::test::Place& to) const;
  // passes(), as soon as it says `wanted`; false after a while.
  bool becomes(bool wanted, const firewall::test::Place& from,
               const firewall::test::Place& to) const;
};

// Specs of policies.
PolicyNode::Json nobody_enters();                                   // all pods
PolicyNode::Json only_enters(const PolicyNode::Json& peer_labels);  // all pods

// The two pods of a PolicyNode as a test sees them.
class PolicyTest : public testing::Test {
 protected:
  static nlohmann::json result_of(const Outcome& outcome);
  // Both pods, as ADD brings them up.
  void add_both(const RunningAgent& agent) const;
  bool client_reaches_web() const { return node_.passes(node_.scene.pod_b, node_.scene.pod_a); }
  bool client_will_reach_web(bool wanted) const {
    return node_.becomes(wanted, node_.scene.pod_b, node_.scene.pod_a);
  }

  inline static const nlohmann::json kFriend{{"access", "true"}};
  PolicyNode node_;
};

}  // namespace catena::test
