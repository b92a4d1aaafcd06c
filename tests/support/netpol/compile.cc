#include "tests/support/netpol/compile.h"

#include <algorithm>
#include <iterator>

#include "tests/support/must.h"

namespace catena::test::netpol {
namespace {

using catena::netpol::Key;
using catena::netpol::LocalPod;
using nlohmann::json;

Key key_of(const json& object) {
  const json& metadata = object.at("metadata");
  return {metadata.value("namespace", std::string()), metadata.at("name")};
}

bool has_key(const json& list, const Key& key) {
  return std::any_of(list.begin(), list.end(), [&](const json& one) { return key_of(one) == key; });
}

bool has_local(const json& list, const json& id) {
  return std::any_of(list.begin(), list.end(), [&](const json& one) { return one.at("id") == id; });
}

LocalPod local_of(const json& told) {
  LocalPod local{.id = told.at("id"),
                 .space = told.at("space"),
                 .name = told.at("name"),
                 .uid = told.value("uid", std::string()),
                 .addresses = {},
                 .closed_while_unknown = told.value("closed", false)};
  const json& addresses = told.at("addresses");
  std::transform(addresses.begin(), addresses.end(), std::back_inserter(local.addresses),
                 [](const json& one) { return address_of(one); });
  return local;
}

// What the list has and `before` has not, the same.
std::vector<json> news(const json& list, const json& before) {
  std::vector<json> found;
  std::copy_if(list.begin(), list.end(), std::back_inserter(found), [&](const json& one) {
    return std::find(before.begin(), before.end(), one) == before.end();
  });
  return found;
}

}  // namespace

void Compiled::take_away(const Cluster& cluster) {
  for (const json& policy : now_.at("policies")) {
    if (!has_key(cluster.at("policies"), key_of(policy))) {
      compiler_.remove_policy(key_of(policy));
    }
  }
  for (const json& pod : now_.at("pods")) {
    if (!has_key(cluster.at("pods"), key_of(pod))) {
      compiler_.remove_pod(key_of(pod));
    }
  }
  for (const json& space : now_.at("namespaces")) {
    if (!has_key(cluster.at("namespaces"), key_of(space))) {
      compiler_.remove_namespace(key_of(space).second);
    }
  }
  for (const json& local : now_.at("locals")) {
    if (!has_local(cluster.at("locals"), local.at("id"))) {
      compiler_.remove_local(local.at("id"));
    }
  }
}

void Compiled::go_to(const Cluster& cluster) {
  take_away(cluster);
  for (const json& space : news(cluster.at("namespaces"), now_.at("namespaces"))) {
    compiler_.put(must(catena::netpol::namespace_of(space)));
  }
  for (const json& pod : news(cluster.at("pods"), now_.at("pods"))) {
    compiler_.put(must(catena::netpol::pod_of(pod)));
  }
  for (const json& policy : news(cluster.at("policies"), now_.at("policies"))) {
    compiler_.put(must(catena::netpol::policy_of(policy)));
  }
  for (const json& local : news(cluster.at("locals"), now_.at("locals"))) {
    compiler_.put(local_of(local));
  }
  now_ = cluster;
}

catena::netpol::Rules compiled(const Cluster& cluster) {
  Compiled fresh;
  fresh.go_to(cluster);
  return fresh.rules();
}

std::vector<base::IpAddress> node_of(const Cluster& cluster) {
  std::vector<base::IpAddress> addresses;
  const json& node = cluster.at("node");
  std::transform(node.begin(), node.end(), std::back_inserter(addresses),
                 [](const json& one) { return address_of(one); });
  return addresses;
}

}  // namespace catena::test::netpol
