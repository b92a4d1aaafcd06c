// Why a connection is allowed or not: which rule of which policy decides, at both ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "common/base/ip.h"
#include "common/base/result.h"
#include "common/netpol/compiler.h"

namespace catena::netpol {

// A pod by its name, or an address, be it a pod's or not.
struct End {
  std::optional<Key> pod;
  std::optional<base::IpAddress> address;  // of a pod: which of its addresses is meant
};

struct Question {
  End source;
  End destination;
  std::uint8_t protocol = 6;  // IPPROTO_TCP and so on
  std::uint16_t port = 0;     // the pod's, not a Service's; 0 where the protocol has none
  bool from_own_node = false;
};

enum class Why : std::uint8_t {
  kNoPod,        // the end is no pod: no policy speaks of it
  kIgnored,      // a pod on the host's network or finished
  kNotIsolated,  // no policy selects the pod in this direction
  kSamePod,      // never leaves it
  kOwnNode,      // from the pod's own node
  kRule,         // a rule allows it
  kNoRule,       // isolated, and no rule does
};

// A rule as the policy has it.
struct RuleName {
  std::string policy;    // in the pod's namespace
  std::size_t rule = 0;  // its place among the direction's rules, from 0
  bool operator==(const RuleName&) const = default;
};

struct Verdict {
  Why why = Why::kNoPod;
  std::string pod;                    // "namespace/name"; empty where it is none
  std::vector<std::string> policies;  // that isolate it, by name
  std::vector<RuleName> allowing;     // of kRule
  // Of kNoRule: what matches but for the port, and but for the peer.
  std::vector<RuleName> other_port;
  std::vector<RuleName> other_peer;
  bool allowed() const { return why != Why::kNoRule; }
};

struct Explanation {
  std::optional<base::IpAddress> source;  // those looked at; absent where a pod has none
  std::optional<base::IpAddress> destination;
  std::uint8_t protocol = 6;
  std::uint16_t port = 0;
  Verdict egress;   // of the source
  Verdict ingress;  // of the destination
  bool allowed() const { return egress.allowed() && ingress.allowed(); }
};

// kNotFound where a pod or address of a pod that is named is not known; kBadConfig for ends that
// name nothing or are of two families.
base::Result<Explanation> explain(const Compiler& compiler, const Question& question);

// A few lines for people, ended by a line end; and the same as fields.
std::string to_text(const Explanation& explanation);
nlohmann::json to_json(const Explanation& explanation);

}  // namespace catena::netpol
