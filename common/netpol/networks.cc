#include "common/netpol/networks.h"

#include <algorithm>

namespace catena::netpol {
namespace {

using base::IpAddress;
using Ranges = std::vector<AddressRange>;

AddressRange range_of(const base::Prefix& network) {
  return {.first = network.network(), .last = network.last()};
}

// Whether no address lies between them, or they overlap; `lower` begins first.
bool adjoin(const AddressRange& lower, const AddressRange& upper) {
  if (upper.first <= lower.last) {
    return true;
  }
  // After the family's last address comes its first, which nothing behind `lower` begins with.
  return lower.last.plus(1) == upper.first;
}

Ranges merged(Ranges ranges) {
  std::ranges::sort(ranges);
  Ranges apart;
  apart.reserve(ranges.size());
  for (const AddressRange& range : ranges) {
    if (!apart.empty() && adjoin(apart.back(), range)) {
      apart.back().last = std::max(apart.back().last, range.last);
    } else {
      apart.push_back(range);
    }
  }
  return apart;
}

// What is left of the block without its exceptions.
void append_rest(const IpBlock& block, Ranges& ranges) {
  Ranges holes;
  holes.reserve(block.except.size());
  std::ranges::transform(block.except, std::back_inserter(holes), range_of);
  AddressRange rest = range_of(block.cidr);
  for (const AddressRange& hole : merged(std::move(holes))) {
    if (rest.first < hole.first) {
      ranges.push_back({.first = rest.first, .last = hole.first.minus_one()});
    }
    if (hole.last >= rest.last) {
      return;
    }
    rest.first = hole.last.plus(1);
  }
  ranges.push_back(rest);
}

}  // namespace

Ranges ranges_of(const std::vector<IpBlock>& blocks, base::Family family) {
  Ranges ranges;
  for (const IpBlock& block : blocks) {
    if (block.cidr.family() == family) {
      append_rest(block, ranges);
    }
  }
  return merged(std::move(ranges));
}

}  // namespace catena::netpol
