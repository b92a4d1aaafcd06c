#include "sim/world/pool.h"

#include <algorithm>
#include <set>

#include "sim/world/refusals.h"
#include "sim/world/visibility.h"

namespace catena::sim {
namespace {

using base::IpAddress;
using base::Prefix;

// At the end of a vSwitch: broadcast, gateway and one more; for IPv6 the last nine.
constexpr std::uint64_t kReservedAtEnd4 = 3;
constexpr std::uint64_t kReservedAtEnd6 = 9;

IpAddress nth_from_end(const Prefix& cidr, std::uint64_t n) {
  IpAddress address = cidr.last();
  for (std::uint64_t i = 1; i < n; ++i) {
    address = address.minus_one();
  }
  return address;
}

bool is_reserved(const Prefix& cidr, const IpAddress& address) {
  const std::uint64_t at_end = address.is_v4() ? kReservedAtEnd4 : kReservedAtEnd6;
  return address == cidr.network() || address >= nth_from_end(cidr, at_end);
}

bool is_for_prefixes(const VSwitch& vswitch, const IpAddress& address) {
  return std::any_of(vswitch.reservations.begin(), vswitch.reservations.end(),
                     [&](const Prefix& block) { return block.contains(address); });
}

bool is_cooling(const State& state, const VSwitch& vswitch, const IpAddress& address) {
  const auto found = vswitch.cooling.find(address);
  return found != vswitch.cooling.end() && found->second > state.now;
}

// One family of one vSwitch, during one call.
struct Search {
  State& state;
  const VSwitch& vswitch;
  Prefix cidr;
  std::set<IpAddress> planned;
  std::set<Prefix> planned_prefixes;

  bool is_free(const IpAddress& address) const {
    return !is_reserved(cidr, address) && !vswitch.used.contains(address) &&
           !is_cooling(state, vswitch, address) && !is_for_prefixes(vswitch, address) &&
           !planned.contains(address);
  }

  Check claim(const IpAddress& address) {
    if (!cidr.contains(address) || is_reserved(cidr, address) ||
        is_for_prefixes(vswitch, address)) {
      return Refusal{403, "InvalidVSwitchId.IpInvalid",
                     "The specified IP \"" + address.to_string() +
                         "\" is not in the range of the VSwitch or is reserved."};
    }
    if (planned.contains(address)) {
      return Refusal{403, "InvalidIp.IpRepeated",
                     "The specified IP \"" + address.to_string() + "\" is repeated."};
    }
    if (!is_free(address)) {
      return Refusal{403, "InvalidIp.IpAssigned",
                     "The specified IP \"" + address.to_string() + "\" is already assigned."};
    }
    planned.insert(address);
    return {};
  }

  // How many more addresses follow `address` in the reserved block it is of: one of IPv6 may hold
  // half of the vSwitch.
  std::uint64_t rest_of_reservation(const IpAddress& address) const {
    for (const Prefix& block : vswitch.reservations) {
      if (block.contains(address)) {
        return count_between(address, block.last()) - 1;
      }
    }
    return 0;
  }

  // From a random place on, so that no test comes to rely on an order.
  Outcome<IpAddress> pick() {
    const std::uint64_t size = count_between(cidr.network(), cidr.last());
    const std::uint64_t start = state.random.below(size);
    for (std::uint64_t step = 0; step < size; ++step) {
      const IpAddress address = cidr.network().plus((start + step) % size);
      if (is_free(address)) {
        planned.insert(address);
        return address;
      }
      step += rest_of_reservation(address);
    }
    return not_enough_addresses(vswitch.id);
  }

  bool is_free(const Prefix& prefix) const {
    const auto overlaps = [&](const Prefix& other) { return other.overlaps(prefix); };
    const auto used = vswitch.used.lower_bound(prefix.network());
    const bool holds_address = used != vswitch.used.end() && prefix.contains(used->first);
    return !holds_address &&
           std::none_of(planned_prefixes.begin(), planned_prefixes.end(), overlaps) &&
           std::none_of(vswitch.used_prefixes.begin(), vswitch.used_prefixes.end(),
                        [&](const auto& entry) { return overlaps(entry.first); });
  }

  Check claim(const Prefix& prefix) {
    const bool reserved = std::any_of(
        vswitch.reservations.begin(), vswitch.reservations.end(), [&](const Prefix& block) {
          return block.contains(prefix.network()) && block.contains(prefix.last());
        });
    if (!reserved) {
      return Refusal{403, "InvalidVSwitchId.IpInvalid",
                     "The specified prefix \"" + prefix.to_string() +
                         "\" is in no reserved block of the VSwitch."};
    }
    if (!is_free(prefix)) {
      return Refusal{403, "InvalidIp.IpAssigned",
                     "The specified prefix \"" + prefix.to_string() + "\" is already assigned."};
    }
    planned_prefixes.insert(prefix);
    return {};
  }

  // Aligned blocks only, so a reservation can be too fragmented though it has addresses left.
  Outcome<Prefix> pick_prefix() {
    const int length = cidr.is_v4() ? kIpv4PrefixLength : kIpv6PrefixLength;
    const std::uint64_t step = std::uint64_t{1} << static_cast<unsigned>(cidr.is_v4() ? 4 : 48);
    for (const Prefix& block : vswitch.reservations) {
      if (block.family() != cidr.family() || block.length() > length) {
        continue;
      }
      for (IpAddress at = block.network(); block.contains(at); at = at.plus(step)) {
        const Prefix prefix(at, length);
        if (is_free(prefix)) {
          planned_prefixes.insert(prefix);
          return prefix;
        }
      }
    }
    return not_enough_addresses(vswitch.id);
  }
};

// One family's share of a call.
struct Share {
  const std::vector<IpAddress>& addresses;
  std::int64_t count;
  const std::vector<Prefix>& prefixes;
  std::int64_t prefix_count;
};

Check plan_family(Search search, const Share& share, std::vector<IpAddress>& addresses,
                  std::vector<Prefix>& prefixes) {
  for (const IpAddress& address : share.addresses) {
    TRY(search.claim(address));
    addresses.push_back(address);
  }
  for (const Prefix& prefix : share.prefixes) {
    TRY(search.claim(prefix));
    prefixes.push_back(prefix);
  }
  for (std::int64_t i = 0; i < share.count; ++i) {
    addresses.push_back(TRY(search.pick()));
  }
  for (std::int64_t i = 0; i < share.prefix_count; ++i) {
    prefixes.push_back(TRY(search.pick_prefix()));
  }
  return {};
}

}  // namespace

IpAddress gateway_of(const Prefix& cidr) {
  return nth_from_end(cidr, cidr.is_v4() ? kReservedAtEnd4 : kReservedAtEnd6);
}

std::int64_t Wanted::ipv4_slots() const {
  return static_cast<std::int64_t>(ipv4.size() + ipv4_prefixes.size()) + ipv4_count +
         ipv4_prefix_count;
}

std::int64_t Wanted::ipv6_slots() const {
  return static_cast<std::int64_t>(ipv6.size() + ipv6_prefixes.size()) + ipv6_count +
         ipv6_prefix_count;
}

Outcome<Grant> plan_grant(State& state, const VSwitch& vswitch, const Wanted& wanted) {
  Grant grant;
  TRY(plan_family(
      Search{state, vswitch, vswitch.cidr, {}, {}},
      Share{wanted.ipv4, wanted.ipv4_count, wanted.ipv4_prefixes, wanted.ipv4_prefix_count},
      grant.ipv4, grant.ipv4_prefixes));
  if (wanted.ipv6_slots() == 0) {
    return grant;
  }
  if (!vswitch.ipv6_cidr) {
    return Refusal{403, "InvalidVSwitch.Ipv6NotTurnOn",
                   "The IPv6 of the specified VSwitch is not turned on."};
  }
  TRY(plan_family(
      Search{state, vswitch, *vswitch.ipv6_cidr, {}, {}},
      Share{wanted.ipv6, wanted.ipv6_count, wanted.ipv6_prefixes, wanted.ipv6_prefix_count},
      grant.ipv6, grant.ipv6_prefixes));
  return grant;
}

void take_grant(State& state, VSwitch& vswitch, const Grant& grant, const std::string& owner) {
  for (const auto* addresses : {&grant.ipv4, &grant.ipv6}) {
    for (const IpAddress& address : *addresses) {
      vswitch.used[address] = owner;
    }
  }
  for (const auto* prefixes : {&grant.ipv4_prefixes, &grant.ipv6_prefixes}) {
    for (const Prefix& prefix : *prefixes) {
      vswitch.used_prefixes[prefix] = owner;
    }
  }
  publish_count(state, vswitch);
}

void release(State& state, VSwitch& vswitch, const Grant& grant) {
  const Time until = state.now + state.scene.delays.address_cool_down;
  std::erase_if(vswitch.cooling, [&](const auto& entry) { return entry.second <= state.now; });
  for (const auto* addresses : {&grant.ipv4, &grant.ipv6}) {
    for (const IpAddress& address : *addresses) {
      vswitch.used.erase(address);
      if (until > state.now) {
        vswitch.cooling[address] = until;
      }
    }
  }
  for (const auto* prefixes : {&grant.ipv4_prefixes, &grant.ipv6_prefixes}) {
    for (const Prefix& prefix : *prefixes) {
      vswitch.used_prefixes.erase(prefix);
    }
  }
  publish_count(state, vswitch);
  if (until > state.now) {
    state.at(until,
             [id = vswitch.id](State& later) { publish_count(later, later.vswitches.at(id)); });
  }
}

Grant holdings(const Eni& eni) {
  return Grant{eni.ipv4, eni.ipv4_prefixes, eni.ipv6, eni.ipv6_prefixes};
}

std::int64_t available_addresses(const State& state, const VSwitch& vswitch) {
  auto count = static_cast<std::int64_t>(
      count_between(vswitch.cidr.network(), vswitch.cidr.last()) - 1 - kReservedAtEnd4);
  for (const Prefix& block : vswitch.reservations) {
    if (block.is_v4()) {
      // The vSwitch's own reserved addresses may lie in the block: they count once.
      const auto size = static_cast<std::int64_t>(count_between(block.network(), block.last()));
      std::int64_t twice = block.contains(vswitch.cidr.network()) ? 1 : 0;
      twice += block.contains(vswitch.cidr.last()) ? static_cast<std::int64_t>(kReservedAtEnd4) : 0;
      count -= size - twice;
    }
  }
  for (const auto& [address, owner] : vswitch.used) {
    count -= address.is_v4() ? 1 : 0;
  }
  for (const auto& [address, until] : vswitch.cooling) {
    count -= address.is_v4() && until > state.now ? 1 : 0;
  }
  return count;
}

}  // namespace catena::sim
