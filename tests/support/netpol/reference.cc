#include "tests/support/netpol/reference.h"

#include <algorithm>
#include <netinet/in.h>
#include <optional>

namespace catena::test::netpol {
namespace {

using nlohmann::json;

enum class Direction : std::uint8_t { kIngress, kEgress };

bool has(const json& list, const std::string& text) {
  return std::any_of(list.begin(), list.end(), [&](const json& one) { return one == text; });
}

bool holds(const json& requirement, const json& labels) {
  const std::string op = requirement.at("operator");
  const json& value = member(labels, requirement.at("key"));
  const json& values = member(requirement, "values");
  if (op == "Exists") {
    return !value.is_null();
  }
  if (op == "DoesNotExist") {
    return value.is_null();
  }
  if (op == "In") {
    return !value.is_null() && has(values, value);
  }
  // NotIn: also of what has no such key.
  return value.is_null() || !has(values, value);
}

bool selects(const json& selector, const json& labels) {
  const auto& wanted = member(selector, "matchLabels");
  for (auto label = wanted.begin(); label != wanted.end(); ++label) {
    if (member(labels, label.key()) != label.value()) {
      return false;
    }
  }
  const json& requirements = member(selector, "matchExpressions");
  return std::all_of(requirements.begin(), requirements.end(),
                     [&](const json& one) { return holds(one, labels); });
}

const json& name_of(const json& object) { return member(object.at("metadata"), "name"); }
const json& namespace_of(const json& object) { return member(object.at("metadata"), "namespace"); }
const json& labels_of(const json& object) { return member(object.at("metadata"), "labels"); }

// Neither subject nor peer.
bool is_ignored(const json& pod) {
  const json& phase = member(member(pod, "status"), "phase");
  return member(member(pod, "spec"), "hostNetwork") == true || phase == "Succeeded" ||
         phase == "Failed";
}

// Whether the node has made its interface for that pod, and not for one that had the name before.
bool is_of(const json& local, const json& pod) {
  const json& uid = member(local, "uid");
  return local.at("space") == namespace_of(pod) && local.at("name") == name_of(pod) &&
         (uid.is_null() || uid.get_ref<const std::string&>().empty() ||
          uid == member(pod.at("metadata"), "uid"));
}

const json* pod_of(const Cluster& cluster, const json& local) {
  for (const json& pod : cluster.at("pods")) {
    if (is_of(local, pod)) {
      return &pod;
    }
  }
  return nullptr;
}

bool has_in_status(const json& pod, const std::string& address) {
  const json& addresses = member(member(pod, "status"), "podIPs");
  return std::any_of(addresses.begin(), addresses.end(),
                     [&](const json& one) { return one.at("ip") == address; });
}

// The API server's knowledge and this node's together.
bool has_address(const Cluster& cluster, const json& pod, const std::string& address) {
  if (has_in_status(pod, address)) {
    return true;
  }
  const json& locals = cluster.at("locals");
  return std::any_of(locals.begin(), locals.end(), [&](const json& local) {
    return has(local.at("addresses"), address) && is_of(local, pod);
  });
}

const json* local_at(const Cluster& cluster, const std::string& address) {
  for (const json& local : cluster.at("locals")) {
    const json* pod = pod_of(cluster, local);
    if (has(local.at("addresses"), address) ||
        (pod != nullptr && !is_ignored(*pod) && has_in_status(*pod, address))) {
      return &local;
    }
  }
  return nullptr;
}

bool contains(const std::string& cidr, const base::IpAddress& address) {
  const std::size_t slash = cidr.find('/');
  const base::IpAddress network = address_of(cidr.substr(0, slash));
  if (network.family() != address.family()) {
    return false;
  }
  const int length = std::stoi(cidr.substr(slash + 1));
  for (int bit = 0; bit < length; ++bit) {
    const int byte = bit / 8;
    const int mask = 0x80 >> (bit % 8);
    if ((network.data()[byte] & mask) != (address.data()[byte] & mask)) {
      return false;
    }
  }
  return true;
}

bool block_has(const json& block, const base::IpAddress& address) {
  const json& except = member(block, "except");
  return contains(block.at("cidr"), address) &&
         std::none_of(except.begin(), except.end(),
                      [&](const json& one) { return contains(one, address); });
}

// One question: may this subject have this connection?
class Judge {
 public:
  Judge(const Cluster& cluster, const Flow& flow, Direction direction, const json& subject)
      : cluster_(cluster),
        flow_(flow),
        direction_(direction),
        subject_(subject),
        other_(direction == Direction::kIngress ? flow.source : flow.destination) {}

  bool allows() const {
    bool isolated = false;
    for (const json& policy : cluster_.at("policies")) {
      const json& spec = policy.at("spec");
      if (namespace_of(policy) != namespace_of(subject_) ||
          !selects(member(spec, "podSelector"), labels_of(subject_)) ||
          !speaks_of_direction(spec)) {
        continue;
      }
      isolated = true;
      for (const json& rule :
           member(spec, direction_ == Direction::kIngress ? "ingress" : "egress")) {
        if (rule_allows(policy, rule)) {
          return true;
        }
      }
    }
    return !isolated;
  }

 private:
  bool speaks_of_direction(const json& spec) const {
    const json& types = member(spec, "policyTypes");
    if (!types.empty()) {
      return has(types, direction_ == Direction::kIngress ? "Ingress" : "Egress");
    }
    return direction_ == Direction::kIngress || !member(spec, "egress").empty();
  }

  bool rule_allows(const json& policy, const json& rule) const {
    static const json anything = json::array({nullptr});
    const json& peers = member(rule, direction_ == Direction::kIngress ? "from" : "to");
    const json& ports = member(rule, "ports");
    for (const json& peer : peers.empty() ? anything : peers) {
      for (const json& port : ports.empty() ? anything : ports) {
        if (peer_matches(policy, peer) && port_matches(peer, port)) {
          return true;
        }
      }
    }
    return false;
  }

  bool peer_matches(const json& policy, const json& peer) const {
    if (peer.is_null()) {
      return true;
    }
    if (!member(peer, "ipBlock").is_null()) {
      return block_has(peer.at("ipBlock"), other_);
    }
    const std::string address = other_.to_string();
    const json& pods = cluster_.at("pods");
    return std::any_of(pods.begin(), pods.end(), [&](const json& pod) {
      return !is_ignored(pod) && has_address(cluster_, pod, address) &&
             in_namespace(policy, peer, pod) &&
             selects(member(peer, "podSelector"), labels_of(pod));
    });
  }

  bool in_namespace(const json& policy, const json& peer, const json& pod) const {
    const json& selector = member(peer, "namespaceSelector");
    if (selector.is_null()) {
      return namespace_of(pod) == namespace_of(policy);
    }
    const json& spaces = cluster_.at("namespaces");
    return std::any_of(spaces.begin(), spaces.end(), [&](const json& space) {
      return name_of(space) == namespace_of(pod) && selects(selector, labels_of(space));
    });
  }

  bool port_matches(const json& peer, const json& port) const {
    if (port.is_null()) {
      return true;
    }
    if (protocol_of(port) != flow_.protocol) {
      return false;
    }
    const json& wanted = member(port, "port");
    if (wanted.is_null()) {
      return true;
    }
    if (wanted.is_string()) {
      return name_matches(peer, wanted);
    }
    const json& end = member(port, "endPort");
    return wanted <= flow_.port && flow_.port <= (end.is_null() ? wanted : end);
  }

  // A name means something of the destination's pod alone, and an ipBlock is no pod.
  bool name_matches(const json& peer, const json& name) const {
    if (direction_ == Direction::kIngress) {
      return has_port(subject_, name);
    }
    if (!member(peer, "ipBlock").is_null()) {
      return false;
    }
    const std::string address = flow_.destination.to_string();
    const json& pods = cluster_.at("pods");
    return std::any_of(pods.begin(), pods.end(), [&](const json& pod) {
      return !is_ignored(pod) && has_address(cluster_, pod, address) && has_port(pod, name);
    });
  }

  bool has_port(const json& pod, const json& name) const {
    for (const char* list : {"containers", "initContainers"}) {
      for (const json& container : member(member(pod, "spec"), list)) {
        for (const json& port : member(container, "ports")) {
          if (member(port, "name") == name && protocol_of(port) == flow_.protocol &&
              port.at("containerPort") == flow_.port) {
            return true;
          }
        }
      }
    }
    return false;
  }

  static int protocol_of(const json& port) {
    const json& protocol = member(port, "protocol");
    if (protocol == "UDP") {
      return IPPROTO_UDP;
    }
    return protocol == "SCTP" ? IPPROTO_SCTP : IPPROTO_TCP;
  }

  const Cluster& cluster_;
  const Flow& flow_;
  Direction direction_;
  const json& subject_;
  const base::IpAddress& other_;
};

bool direction_allows(const Cluster& cluster, const Flow& flow, Direction direction,
                      const json* local) {
  if (local == nullptr) {
    return true;
  }
  const json* pod = pod_of(cluster, *local);
  if (pod == nullptr) {
    return member(*local, "closed") != true;
  }
  return is_ignored(*pod) || Judge(cluster, flow, direction, *pod).allows();
}

}  // namespace

bool allowed(const Cluster& cluster, const Flow& flow) {
  const json* source = local_at(cluster, flow.source.to_string());
  const json* destination = local_at(cluster, flow.destination.to_string());
  if (source != nullptr && source == destination) {
    return true;  // never leaves the pod
  }
  const bool from_own_node = has(cluster.at("node"), flow.source.to_string());
  return direction_allows(cluster, flow, Direction::kEgress, source) &&
         (from_own_node || direction_allows(cluster, flow, Direction::kIngress, destination));
}

}  // namespace catena::test::netpol
