// What the compiler makes of NetworkPolicies, and what a firewall is to hold: which back end it is,
// neither side knows. Values; everything is ordered, so that the same objects give the same rules.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/ip.h"

namespace catena::netpol {

enum class SetKind : std::uint8_t {
  kAddresses,  // of pods
  kNetworks,   // of an ipBlock
  kEndpoints,  // of pods with a named port
};

// Both ends counted; of one family.
struct AddressRange {
  base::IpAddress first;
  base::IpAddress last;
  auto operator<=>(const AddressRange&) const = default;
};

struct Endpoint {
  base::IpAddress address;
  std::uint8_t protocol = 0;  // IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP
  std::uint16_t port = 0;
  auto operator<=>(const Endpoint&) const = default;
};

// Only the list of its kind is used. Sorted, each member once; ranges neither overlap nor touch.
struct Set {
  SetKind kind = SetKind::kAddresses;
  base::Family family = base::Family::kIpv4;
  std::vector<base::IpAddress> addresses;
  std::vector<AddressRange> networks;
  std::vector<Endpoint> endpoints;
  bool operator==(const Set&) const = default;
};

// Allows the new connection that matches all of it.
struct Rule {
  // IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP; 0: any, and then there are no ports.
  std::uint8_t protocol = 0;
  // Of the destination, both counted; both 0: any.
  std::uint16_t first_port = 0;
  std::uint16_t last_port = 0;
  // Name of a kAddresses or kNetworks set that the other end is in; empty: anybody.
  std::string peers;
  // Name of a kEndpoints set that destination, protocol and port are in; empty: does not matter.
  std::string endpoints;
  // A rule without sets is for both families, one with sets for theirs.
  auto operator<=>(const Rule&) const = default;
};

// One policy, in one direction; shared by all pods that it selects.
struct Chain {
  std::vector<Rule> rules;
  bool operator==(const Chain&) const = default;
};

// A pod of this node. In a direction in which no policy isolates it, everything is allowed.
struct Subject {
  std::vector<base::IpAddress> addresses;  // sorted
  // Isolated: only what one of these chains allows (none: nothing). Sorted. Absent: not isolated.
  std::optional<std::vector<std::string>> ingress;
  std::optional<std::vector<std::string>> egress;
  bool operator==(const Subject&) const = default;
};

// Names have letters, digits and '-': at most 24 characters of a set's or chain's, so that
// nf_tables, ipset (31) and iptables (28) take them.
struct Rules {
  std::map<std::string, Set> sets;
  std::map<std::string, Chain> chains;
  std::map<std::string, Subject> subjects;  // by LocalPod::id
  bool operator==(const Rules&) const = default;
};

// What leads from some rules to others; to be done as a whole. What is removed is used by nothing
// that stays.
struct Changes {
  struct Members {
    Set added;  // kind and family too
    Set removed;
    bool operator==(const Members&) const = default;
  };
  std::map<std::string, Set> new_sets;
  std::map<std::string, Members> members;  // of sets that stay
  std::vector<std::string> gone_sets;
  std::map<std::string, Chain> chains;  // new or rewritten
  std::vector<std::string> gone_chains;
  // New or rewritten, as they are and as they were (absent: new).
  struct SubjectChange {
    Subject now;
    std::optional<Subject> before;
    bool operator==(const SubjectChange&) const = default;
  };
  std::map<std::string, SubjectChange> subjects;
  std::map<std::string, Subject> gone_subjects;  // as they were

  bool empty() const;
  bool operator==(const Changes&) const = default;
};

Changes difference(const Rules& have, const Rules& want);

// What the rules say of this subject alone: it, its chains and their sets. Without it, nothing.
Rules only(const Rules& rules, const std::string& subject);

}  // namespace catena::netpol
