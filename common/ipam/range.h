// Ranges of addresses a network hands out, as the configuration names them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/fields.h"
#include "common/base/ip.h"
#include "common/base/result.h"

namespace catena::ipam {

struct Range {
  base::Prefix subnet;
  // The first and last address that may be handed out.
  base::IpAddress first;
  base::IpAddress last;
  // Never handed out, where it lies within; pods do not use it as their next hop.
  std::optional<base::IpAddress> gateway;
  // Sorted by first address, without overlap; never handed out.
  std::vector<base::Prefix> exclude;

  // All of `subnet`, less the network address and in IPv4 the broadcast address.
  static Range whole(const base::Prefix& subnet);

  // Within first..last, not the gateway, not excluded.
  bool may_hand_out(const base::IpAddress& address) const;
  // The lowest address from `address` on that may be handed out.
  std::optional<base::IpAddress> next_from(base::IpAddress address) const;
  // How many addresses may be handed out; UINT64_MAX where it is more.
  std::uint64_t size() const;
  // Names the range in the store: "172.30.1.0/24", or "172.30.1.0/24:172.30.1.10-172.30.1.20" where
  // it is not the whole subnet. Two configurations that mean the same range have the same key.
  std::string key() const;
};

// A pod gets one address of each set. All ranges of a set are of one family.
using RangeSet = std::vector<Range>;

// Reads the keys "podCIDRs" (["172.30.1.0/24", "fd00:1::/64"]: one set per family) and "ranges"
// ([[{subnet, rangeStart, rangeEnd, gateway, exclude}, ...], ...]: a set each). Exactly one of the
// two must be there. Defaults: rangeStart is the network address + 1, rangeEnd the last address,
// less the broadcast address in IPv4; there is no gateway unless it is named. Prefixes up to /30
// and /126 are accepted, host bits and overlaps are not.
base::Result<std::vector<RangeSet>> ranges_from(base::Fields& fields);

}  // namespace catena::ipam
