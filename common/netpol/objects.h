// What NetworkPolicy looks at in objects of the API server, and nothing else of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "common/base/ip.h"
#include "common/base/result.h"
#include "common/netpol/labels.h"

namespace catena::netpol {

struct Requirement {
  enum class Operator : std::uint8_t { kIn, kNotIn, kExists, kDoesNotExist };
  std::string key;
  Operator op = Operator::kExists;
  std::vector<std::string> values;  // sorted, each once; of kIn and kNotIn
  auto operator<=>(const Requirement&) const = default;
};

// matchLabels are kIn of one value. Empty: everything. Sorted: equal selectors are equal values.
struct Selector {
  std::vector<Requirement> requirements;
  bool matches(const Labels& labels) const;
  auto operator<=>(const Selector&) const = default;
};

struct IpBlock {
  base::Prefix cidr;  // without host bits
  std::vector<base::Prefix> except;
  auto operator<=>(const IpBlock&) const = default;
};

// An ipBlock, or pods: those of the namespaces that `namespaces` selects (absent: the policy's own)
// that `pods` selects (absent: all).
struct Peer {
  std::optional<IpBlock> block;
  std::optional<Selector> pods;
  std::optional<Selector> namespaces;
  auto operator<=>(const Peer&) const = default;
};

struct Port {
  std::uint8_t protocol = 6;  // IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP
  std::uint16_t first = 0;    // both counted; both 0, and no name: all of the protocol
  std::uint16_t last = 0;
  std::string name;  // of a container's port
  auto operator<=>(const Port&) const = default;
};

struct PolicyRule {
  std::vector<Peer> peers;  // empty: anybody
  std::vector<Port> ports;  // empty: any port and any protocol
  auto operator<=>(const PolicyRule&) const = default;
};

struct Policy {
  std::string space;  // namespace
  std::string name;
  Selector pods;
  // Absent: the policy says nothing of that direction. Empty: it allows nothing.
  std::optional<std::vector<PolicyRule>> ingress;
  std::optional<std::vector<PolicyRule>> egress;
  auto operator<=>(const Policy&) const = default;
};

struct Namespace {
  std::string name;
  Labels labels;
  auto operator<=>(const Namespace&) const = default;
};

struct NamedPort {
  std::string name;
  std::uint8_t protocol = 6;
  std::uint16_t port = 0;
  auto operator<=>(const NamedPort&) const = default;
};

struct Pod {
  std::string space;
  std::string name;
  std::string uid;
  // What kubelet calls a static pod, whose object has another; empty of all others.
  std::string static_uid;
  Labels labels;
  std::vector<base::IpAddress> addresses;  // status.podIPs; sorted
  std::vector<NamedPort> ports;            // of all containers, those that have a name; sorted
  // Neither a subject nor a peer: on the host's network, Succeeded or Failed.
  bool ignored = false;
  auto operator<=>(const Pod&) const = default;
};

// kUndecodable, naming the field, for what the API server would not have taken. Tolerant where old
// objects are: host bits in a CIDR, leading zeros. policyTypes are defaulted as the API server
// does.
base::Result<Policy> policy_of(const nlohmann::json& object);
base::Result<Namespace> namespace_of(const nlohmann::json& object);
base::Result<Pod> pod_of(const nlohmann::json& object);

}  // namespace catena::netpol
