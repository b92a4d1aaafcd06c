#include <algorithm>
#include <iterator>

#include "xtables/ipset.h"

namespace catena::xtables {
namespace {

using base::IpAddress;
using base::Prefix;

// The largest network that begins at `first` and does not reach beyond `last`.
Prefix largest_at(const IpAddress& first, const IpAddress& last) {
  int length = first.bits();
  while (length > 1) {
    const Prefix larger(first, length - 1);
    if (larger.has_host_bits() || larger.last() > last) {
      break;
    }
    --length;
  }
  return {first, length};
}

void cut(const netpol::AddressRange& range, std::vector<Member>& members) {
  for (IpAddress at = range.first;;) {
    const Prefix network = largest_at(at, range.last);
    members.push_back({network.address(), network.length(), 0, 0});
    if (network.last() >= range.last) {
      return;
    }
    at = network.last().plus(1);
  }
}

}  // namespace

std::vector<Member> members_of(const netpol::Set& set) {
  std::vector<Member> members;
  switch (set.kind) {
    case netpol::SetKind::kAddresses:
      std::ranges::transform(set.addresses, std::back_inserter(members),
                             [](const IpAddress& address) {
                               return Member{address, address.bits(), 0, 0};
                             });
      break;
    case netpol::SetKind::kNetworks:
      for (const netpol::AddressRange& range : set.networks) {
        cut(range, members);
      }
      break;
    case netpol::SetKind::kEndpoints:
      std::ranges::transform(
          set.endpoints, std::back_inserter(members), [](const netpol::Endpoint& one) {
            return Member{one.address, one.address.bits(), one.protocol, one.port};
          });
      break;
  }
  std::ranges::sort(members);
  return members;
}

}  // namespace catena::xtables
