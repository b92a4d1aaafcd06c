#include "common/netpol/objects_json.h"

#include <array>
#include <netinet/in.h>
#include <string_view>

#include <nlohmann/json.hpp>

namespace catena::netpol {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 4> kOperators{"In", "NotIn", "Exists", "DoesNotExist"};

template <typename List, typename ToJson>
json array_of(const List& list, ToJson to_json) {
  json array = json::array();
  for (const auto& element : list) {
    array.push_back(to_json(element));
  }
  return array;
}

std::string_view name_of_protocol(std::uint8_t protocol) {
  if (protocol == IPPROTO_TCP) {
    return "TCP";
  }
  return protocol == IPPROTO_UDP ? "UDP" : "SCTP";
}

json json_of(const Selector& selector) {
  if (selector.requirements.empty()) {
    return json::object();
  }
  return {{"matchExpressions", array_of(selector.requirements, [](const Requirement& requirement) {
             json object = {{"key", requirement.key},
                            {"operator", kOperators.at(static_cast<std::size_t>(requirement.op))}};
             if (!requirement.values.empty()) {
               object["values"] = requirement.values;
             }
             return object;
           })}};
}

json json_of(const IpBlock& block) {
  json object = {{"cidr", block.cidr.to_string()}};
  if (!block.except.empty()) {
    object["except"] =
        array_of(block.except, [](const base::Prefix& network) { return network.to_string(); });
  }
  return object;
}

json json_of(const Peer& peer) {
  json object = json::object();
  if (peer.block) {
    object["ipBlock"] = json_of(*peer.block);
  }
  if (peer.pods) {
    object["podSelector"] = json_of(*peer.pods);
  }
  if (peer.namespaces) {
    object["namespaceSelector"] = json_of(*peer.namespaces);
  }
  return object;
}

json json_of(const Port& port) {
  json object = {{"protocol", name_of_protocol(port.protocol)}};
  if (!port.name.empty()) {
    object["port"] = port.name;
  } else if (port.last != 0) {
    object["port"] = port.first;
    if (port.last != port.first) {
      object["endPort"] = port.last;
    }
  }
  return object;
}

json rules_of(const std::vector<PolicyRule>& rules, const char* peers_key) {
  return array_of(rules, [peers_key](const PolicyRule& rule) {
    json object = json::object();
    if (!rule.peers.empty()) {
      object[peers_key] = array_of(rule.peers, [](const Peer& peer) { return json_of(peer); });
    }
    if (!rule.ports.empty()) {
      object["ports"] = array_of(rule.ports, [](const Port& port) { return json_of(port); });
    }
    return object;
  });
}

json metadata_of(const std::string& name, const Labels& labels) {
  json metadata = {{"name", name}};
  if (!labels.empty()) {
    metadata["labels"] = json::object();
    for (const auto& [key, value] : labels) {
      metadata["labels"][key] = value;
    }
  }
  return metadata;
}

json ports_of(const Pod& pod) {
  return array_of(pod.ports, [](const NamedPort& port) {
    return json{{"name", port.name},
                {"protocol", name_of_protocol(port.protocol)},
                {"containerPort", port.port}};
  });
}

}  // namespace

json to_json(const Policy& policy) {
  json spec = {{"podSelector", json_of(policy.pods)}, {"policyTypes", json::array()}};
  if (policy.ingress) {
    spec["policyTypes"].push_back("Ingress");
    spec["ingress"] = rules_of(*policy.ingress, "from");
  }
  if (policy.egress) {
    spec["policyTypes"].push_back("Egress");
    spec["egress"] = rules_of(*policy.egress, "to");
  }
  return {{"metadata", {{"namespace", policy.space}, {"name", policy.name}}},
          {"spec", std::move(spec)}};
}

json to_json(const Namespace& space) {
  return {{"metadata", metadata_of(space.name, space.labels)}};
}

json to_json(const Pod& pod) {
  json object = {{"metadata", metadata_of(pod.name, pod.labels)}};
  json& metadata = object["metadata"];
  metadata["namespace"] = pod.space;
  if (!pod.uid.empty()) {
    metadata["uid"] = pod.uid;
  }
  if (!pod.static_uid.empty()) {
    metadata["annotations"] = {{"kubernetes.io/config.hash", pod.static_uid}};
  }
  if (!pod.ports.empty()) {
    object["spec"]["containers"] = json::array({{{"ports", ports_of(pod)}}});
  }
  if (!pod.addresses.empty()) {
    object["status"]["podIPs"] = array_of(pod.addresses, [](const base::IpAddress& address) {
      return json{{"ip", address.to_string()}};
    });
  }
  if (pod.ignored) {
    object["spec"]["hostNetwork"] = true;
  }
  return object;
}

}  // namespace catena::netpol
