// The addresses of a vSwitch: what is reserved, what is taken, what a call is granted.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/ip.h"
#include "sim/world/outcome.h"
#include "sim/world/state.h"

namespace catena::sim {

inline constexpr int kIpv4PrefixLength = 28;
inline constexpr int kIpv6PrefixLength = 80;

// The third from the end (IPv4, .253 of a /24), the ninth from the end (IPv6, ...fff7).
base::IpAddress gateway_of(const base::Prefix& cidr);

// What one call asks of one vSwitch.
struct Wanted {
  std::vector<base::IpAddress> ipv4;  // these very ones
  std::int64_t ipv4_count = 0;        // and so many more
  std::vector<base::Prefix> ipv4_prefixes;
  std::int64_t ipv4_prefix_count = 0;
  std::vector<base::IpAddress> ipv6;
  std::int64_t ipv6_count = 0;
  std::vector<base::Prefix> ipv6_prefixes;
  std::int64_t ipv6_prefix_count = 0;

  std::int64_t ipv4_slots() const;  // a prefix takes one, as an address does
  std::int64_t ipv6_slots() const;
};

struct Grant {
  std::vector<base::IpAddress> ipv4;  // those asked for by address first
  std::vector<base::Prefix> ipv4_prefixes;
  std::vector<base::IpAddress> ipv6;
  std::vector<base::Prefix> ipv6_prefixes;
};

// All of it or a refusal; nothing is taken yet.
Outcome<Grant> plan_grant(State& state, const VSwitch& vswitch, const Wanted& wanted);
void take_grant(State& state, VSwitch& vswitch, const Grant& grant, const std::string& owner);
// Released addresses cool down first.
void release(State& state, VSwitch& vswitch, const Grant& grant);
// Everything the ENI holds.
Grant holdings(const Eni& eni);

// Addresses that a new ENI could get, as the truth is now.
std::int64_t available_addresses(const State& state, const VSwitch& vswitch);

}  // namespace catena::sim
