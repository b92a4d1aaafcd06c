// What rules say of one connection: what the firewall that holds them does with its first packet.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/base/ip.h"
#include "common/netpol/rules.h"

namespace catena::netpol {

// As pods know it: source before SNAT, destination behind DNAT.
struct Connection {
  base::IpAddress source;
  base::IpAddress destination;
  std::uint8_t protocol = 0;  // IPPROTO_*
  std::uint16_t port = 0;     // of the destination, where the protocol has ports
};

struct Judgement {
  bool egress = true;   // the source may, or no pod of this node is
  bool ingress = true;  // the destination may be sent it; what its own node sends it is another
                        // matter, which always passes
  bool allows() const { return egress && ingress; }
};

// `rules` must outlive it, as they are.
class Judge {
 public:
  explicit Judge(const Rules& rules);
  Judgement judge(const Connection& connection) const;
  // Addresses that are isolated in a direction, sorted.
  std::vector<base::IpAddress> isolated() const;

 private:
  enum class Direction : std::uint8_t { kIngress, kEgress };
  using Chains = std::vector<std::string>;
  using ByAddress = std::map<base::IpAddress, const Chains*>;

  bool allows(const ByAddress& subjects, Direction direction, const Connection& connection) const;
  bool matches(const Rule& rule, Direction direction, const Connection& connection) const;
  bool has_member(const std::string& set, const base::IpAddress& address) const;
  bool has_endpoint(const std::string& set, const Connection& connection) const;

  const Rules& rules_;
  ByAddress ingress_;
  ByAddress egress_;
};

}  // namespace catena::netpol
