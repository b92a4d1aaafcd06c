#include "tests/kernel/agent/policy_node.h"

#include <gtest/gtest.h>

#include "tests/support/must.h"
#include "tests/support/paths.h"

namespace catena::test {

using firewall::test::kFamilies;
using firewall::test::Place;
using Json = nlohmann::json;

PolicyNode::PolicyNode() {
  scene.at_node([](firewall::Table& table) { must(table.ensure_guard()); });
  put_namespace("shop");
  put_pod(web);
  put_pod(client);
}

void PolicyNode::put_namespace(const std::string& name, const Json& labels) const {
  Json all = labels;
  all["kubernetes.io/metadata.name"] = name;
  watched.api().objects().put({{"apiVersion", "v1"},
                               {"kind", "Namespace"},
                               {"metadata", {{"name", name}, {"labels", all}}}});
}

void PolicyNode::put_pod(const PolicyPod& pod, const Json& labels, const std::string& space) const {
  Json all = labels;
  all["name"] = pod.name;
  const Json ips = {{{"ip", pod.place.v4.to_string()}}, {{"ip", pod.place.v6.to_string()}}};
  watched.api().objects().put(pod_of_shop(
      pod.name, pod.uid,
      {{"metadata", {{"namespace", space}, {"labels", all}}},
       {"status", {{"phase", "Running"}, {"podIP", pod.place.v4.to_string()}, {"podIPs", ips}}}}));
}

void PolicyNode::put_policy(const std::string& name, const Json& spec) const {
  watched.api().objects().put({{"apiVersion", "networking.k8s.io/v1"},
                               {"kind", "NetworkPolicy"},
                               {"metadata", {{"name", name}, {"namespace", "shop"}}},
                               {"spec", spec}});
}

void PolicyNode::remove_policy(const std::string& name) const {
  watched.api().objects().remove("NetworkPolicy", "shop", name);
}

netpol::Record PolicyNode::record_of(const PolicyPod& pod) const {
  netpol::Record record;
  record.container_id = "container-" + pod.uid;
  record.if_name = "eth0";
  record.netns = pod.place.netns.path();
  record.host_link = pod.own_nic ? std::string() : pod.place.if_name;
  record.own_nic = pod.own_nic;
  record.addresses = {pod.place.v4, pod.place.v6};
  record.pod_namespace = "shop";
  record.pod_name = pod.name;
  record.pod_uid = pod.uid;
  return record;
}

void PolicyNode::write_record(const PolicyPod& pod) const { must(records().write(record_of(pod))); }

void PolicyNode::remove_record(const PolicyPod& pod) const {
  const netpol::Record record = record_of(pod);
  must(records().remove(record.container_id, record.if_name));
}

Json PolicyNode::add_args(const netpol::Record& record, const char* on_unknown) {
  Json args = netpol::to_json(record);
  args["onUnknown"] = on_unknown;
  args["backend"] = "auto";
  return args;
}

Json PolicyNode::add(const RunningAgent& agent, const PolicyPod& pod, const char* on_unknown,
                     int deadline_ms) const {
  netpol::Record record = record_of(pod);
  record.closed_while_unknown = std::string(on_unknown) == "deny";
  must(records().write(record));
  return agent.ask({{"duty", "policy.add"},
                    {"args", add_args(record, on_unknown)},
                    {"deadlineMs", deadline_ms}});
}

Outcome PolicyNode::call(const std::string& duty, const Json& args, const std::string& api) const {
  return run_process({bin_dir() + "/catena-agent", "call", duty, "--args", args.dump(),
                      "--state-dir", watched.state(), "--api", api, "--deadline", "10"},
                     {.netns_fd = scene.node.netns.fd()});
}

Outcome PolicyNode::add_once(const PolicyPod& pod, const std::string& api) const {
  write_record(pod);
  return call("policy.add", add_args(record_of(pod)), api);
}

std::unique_ptr<RunningAgent> PolicyNode::start(
    const std::vector<std::string>& options, const RunningAgent::Environment& environment) const {
  auto agent = watched.start(options, environment);
  EXPECT_TRUE(eventually([&] { return agent->metric("catena_agent_policy_synced") == 1; }))
      << agent->log();
  return agent;
}

bool PolicyNode::passes(const Place& from, const Place& to) const {
  const bool v4 = tcp_probe({from.netns, from.v4, to.netns, to.v4, kLongEnough}).has_value();
  const bool v6 = tcp_probe({from.netns, from.v6, to.netns, to.v6, kLongEnough}).has_value();
  EXPECT_EQ(v4, v6) << "IPv4 and IPv6 fare differently";
  return v4 && v6;
}

bool PolicyNode::becomes(bool wanted, const Place& from, const Place& to) const {
  return eventually(
      [&] {
        const bool v4 = tcp_probe({from.netns, from.v4, to.netns, to.v4, kLongEnough}).has_value();
        const bool v6 = tcp_probe({from.netns, from.v6, to.netns, to.v6, kLongEnough}).has_value();
        return v4 == wanted && v6 == wanted;
      },
      std::chrono::seconds(10));
}

Json nobody_enters() { return {{"podSelector", Json::object()}, {"policyTypes", {"Ingress"}}}; }

Json only_enters(const Json& peer_labels) {
  Json spec = nobody_enters();
  spec["ingress"] = {{{"from", {{{"podSelector", {{"matchLabels", peer_labels}}}}}}}};
  return spec;
}

nlohmann::json PolicyTest::result_of(const Outcome& outcome) {
  EXPECT_EQ(outcome.exit_status, 0) << outcome.err;
  return nlohmann::json::parse(outcome.out, nullptr, false);
}

void PolicyTest::add_both(const RunningAgent& agent) const {
  for (const PolicyPod* pod : {&node_.web, &node_.client}) {
    const nlohmann::json answer = node_.add(agent, *pod);
    ASSERT_TRUE(answer.contains("result")) << answer;
  }
}

}  // namespace catena::test
