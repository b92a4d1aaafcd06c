#include "tests/support/netpol/minimise.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace catena::test::netpol {
namespace {

using nlohmann::json;
using Pointer = json::json_pointer;

// Members that an object can do without.
const std::set<std::string>& optional_members() {
  static const std::set<std::string> names{"podSelector", "namespaceSelector",
                                           "matchLabels", "matchExpressions",
                                           "policyTypes", "ingress",
                                           "egress",      "from",
                                           "to",          "ports",
                                           "except",      "endPort",
                                           "port",        "protocol",
                                           "labels",      "phase",
                                           "podIPs",      "deletionTimestamp",
                                           "hostNetwork", "initContainers"};
  return names;
}

bool can_go(const json& parent, const Pointer& parent_at, const std::string& key) {
  if (parent.is_array()) {
    // What lies in a namespace that is not there, nobody has said.
    return parent_at != Pointer("/namespaces");
  }
  const std::string where = parent_at.empty() ? "" : parent_at.back();
  return where == "labels" || where == "matchLabels" || optional_members().contains(key);
}

// Whatever can be taken away, the outer before what is in it.
std::vector<Pointer> removable(const Cluster& cluster) {
  std::vector<Pointer> found;
  std::vector<Pointer> open{Pointer()};
  for (std::size_t next = 0; next < open.size(); ++next) {
    const Pointer at = open[next];
    const json& value = cluster.at(at);
    if (!value.is_structured()) {
      continue;
    }
    for (const auto& [key, inner] : value.items()) {
      const Pointer below = value.is_array() ? at / std::stoul(key) : at / key;
      if (can_go(value, at, key)) {
        found.push_back(below);
      }
      open.push_back(below);
    }
  }
  return found;
}

Cluster without(Cluster cluster, const Pointer& what) {
  json& parent = cluster.at(what.parent_pointer());
  if (parent.is_array()) {
    parent.erase(std::stoul(what.back()));
  } else {
    parent.erase(what.back());
  }
  return cluster;
}

bool is_peer(const json& peer) { return peer.is_object() && !peer.empty(); }

bool is_port(const json& port) { return !port.contains("endPort") || port.contains("port"); }

bool is_rule(const json& rule) {
  for (const char* name : {"from", "to"}) {
    const json& peers = member(rule, name);
    if (!std::all_of(peers.begin(), peers.end(), is_peer)) {
      return false;
    }
  }
  const json& ports = member(rule, "ports");
  return std::all_of(ports.begin(), ports.end(), is_port);
}

bool is_taken_by_api(const Cluster& cluster) {
  for (const json& policy : cluster.at("policies")) {
    for (const char* direction : {"ingress", "egress"}) {
      const json& rules = member(policy.at("spec"), direction);
      if (!std::all_of(rules.begin(), rules.end(), is_rule)) {
        return false;
      }
    }
  }
  const json flat = cluster.flatten();
  // `values: []` is the one empty list that is no list.
  return std::none_of(flat.items().begin(), flat.items().end(), [](const auto& item) {
    return item.key().ends_with("/values") && item.value().empty();
  });
}

}  // namespace

Cluster smallest(Cluster cluster, const std::function<bool(const Cluster&)>& fails) {
  bool smaller = true;
  while (smaller) {
    smaller = false;
    const std::vector<Pointer> parts = removable(cluster);
    for (const Pointer& part : parts) {
      if (!cluster.contains(part)) {
        continue;  // went with something else
      }
      Cluster fewer = without(cluster, part);
      if (is_taken_by_api(fewer) && fails(fewer)) {
        cluster = std::move(fewer);
        smaller = true;
      }
    }
  }
  return cluster;
}

}  // namespace catena::test::netpol
