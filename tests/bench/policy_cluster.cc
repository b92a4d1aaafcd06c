#include "tests/bench/policy_cluster.h"

#include <nlohmann/json.hpp>

#include "tests/support/must.h"

namespace catena::bench {
namespace {

using nlohmann::json;

constexpr int kSpaces = 20;
constexpr int kPods = 10'000;
constexpr int kLocal = 250;  // the first ones
constexpr int kPolicies = 1'000;
constexpr int kRoles = 24;
constexpr int kTeams = 5;
// Of the local pods of a namespace; each policy selects one of them.
constexpr int kApps = kLocal / kSpaces;
constexpr int kFirstPort = 8'000;

std::string numbered(const char* what, int number) {
  return std::string(what) + "-" + std::to_string(number);
}

std::string space_of(int number) { return numbered("team", number % kSpaces); }

base::IpAddress address_of(int pod) {
  return test::must(base::IpAddress::parse("10.64.0.1")).plus(static_cast<std::uint64_t>(pod));
}

json labels(const char* key, const std::string& value) { return {{"matchLabels", {{key, value}}}}; }

}  // namespace

void PolicyCluster::put_namespace(int space, int team) const {
  const std::string name = space_of(space);
  objects_.put(
      {{"apiVersion", "v1"},
       {"kind", "Namespace"},
       {"metadata",
        {{"name", name},
         {"labels",
          {{"kubernetes.io/metadata.name", name}, {"team", numbered("team", team % kTeams)}}}}}});
}

void PolicyCluster::put_pod(int pod, int role, int app) const {
  const std::string name = numbered("pod", pod);
  const std::string address = address_of(pod).to_string();
  const json container = {{"name", "main"},
                          {"image", "registry.example/some/where/main:1.2.3"},
                          {"ports", json::array({{{"name", "http"}, {"containerPort", 8080}}})}};
  objects_.put(
      {{"apiVersion", "v1"},
       {"kind", "Pod"},
       {"metadata",
        {{"name", name},
         {"namespace", space_of(pod)},
         {"uid", numbered("uid", pod)},
         {"annotations", {{"example.com/checksum", std::string(400, 'x')}}},
         {"labels",
          {{"app", numbered("app", app % kApps)}, {"role", numbered("role", role % kRoles)}}}}},
       {"spec",
        {{"nodeName", pod < kLocal ? "node-1" : numbered("node", 2 + pod % 40)},
         {"containers", json::array({container})}}},
       {"status",
        {{"phase", "Running"}, {"podIP", address}, {"podIPs", json::array({{{"ip", address}}})}}}});
}

// Who has the role in namespaces of the team, and a network; out goes what the role gets.
void PolicyCluster::put_policy(int policy, int port) const {
  const json peer = {{"podSelector", labels("role", numbered("role", policy % kRoles))},
                     {"namespaceSelector", labels("team", numbered("team", policy % kTeams))}};
  const json block = {{"ipBlock",
                       {{"cidr", "172." + std::to_string(16 + policy % 16) + ".0.0/16"},
                        {"except", {"172." + std::to_string(16 + policy % 16) + ".9.0/24"}}}}};
  const json ports = json::array({{{"protocol", "TCP"}, {"port", kFirstPort + port}},
                                  {{"protocol", "TCP"}, {"port", "http"}}});
  const json in = {{"from", json::array({peer, block})}, {"ports", ports}};
  const json out = {{"to", json::array({peer})}, {"ports", json::array({ports.front()})}};
  objects_.put(
      {{"apiVersion", "networking.k8s.io/v1"},
       {"kind", "NetworkPolicy"},
       {"metadata", {{"name", numbered("policy", policy)}, {"namespace", space_of(policy)}}},
       {"spec",
        {{"podSelector", labels("app", numbered("app", policy / kSpaces % kApps))},
         {"policyTypes", {"Ingress", "Egress"}},
         {"ingress", json::array({in})},
         {"egress", json::array({out})}}}});
}

void PolicyCluster::put_all() const {
  for (int space = 0; space < kSpaces; ++space) {
    put_namespace(space, space);
  }
  for (int policy = 0; policy < kPolicies; ++policy) {
    put_policy(policy, policy);
  }
  for (int pod = 0; pod < kPods; ++pod) {
    put_pod(pod, pod / kSpaces, pod / kSpaces);
  }
}

void PolicyCluster::relabel_peer(int number) const {
  const int pod = kLocal + number % (kPods - kLocal);
  put_pod(pod, pod / kSpaces + 1, pod / kSpaces);
}

void PolicyCluster::change_port(int number) const {
  put_policy(number % kPolicies, kPolicies + number);
}

void PolicyCluster::start_peer(int number) const { put_pod(kPods + number, number, number); }

void PolicyCluster::relabel_local_pod(int number) const {
  const int pod = number % kLocal;
  put_pod(pod, pod / kSpaces, pod / kSpaces + 1 + number / kLocal);
}

void PolicyCluster::relabel_namespace(int number) const {
  put_namespace(number, number + 1 + number / kSpaces);
}

std::vector<netpol::Record> PolicyCluster::records(const std::string& netns) {
  std::vector<netpol::Record> records;
  records.reserve(kLocal);
  for (int pod = 0; pod < kLocal; ++pod) {
    netpol::Record record;
    record.network = "bench";
    record.container_id = numbered("container", pod);
    record.if_name = "eth0";
    record.netns = netns;
    record.host_link = numbered("ctn", pod);
    record.addresses = {address_of(pod)};
    record.pod_namespace = space_of(pod);
    record.pod_name = numbered("pod", pod);
    record.pod_uid = numbered("uid", pod);
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace catena::bench
