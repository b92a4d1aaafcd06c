#include "agent/prefixes.h"

#include <algorithm>
#include <iterator>

namespace catena::agent {

std::vector<base::IpAddress> addresses_in(const base::Prefix& prefix) {
  const base::IpAddress first = prefix.is_v4() ? prefix.network() : prefix.network().plus(1);
  const int most = prefix.is_v4() ? kIpv4PerPrefix : kIpv6PerPrefix;
  const std::uint64_t count =
      std::min(base::count_between(first, prefix.last()), static_cast<std::uint64_t>(most));
  std::vector<base::IpAddress> addresses;
  addresses.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    addresses.push_back(first.plus(i));
  }
  return addresses;
}

std::vector<base::IpAddress> addresses_of(const cloud::NetworkInterface& eni) {
  std::vector<base::IpAddress> addresses = eni.ipv6s;
  std::ranges::transform(eni.private_ips, std::back_inserter(addresses),
                         &cloud::PrivateIp::address);
  for (const auto* prefixes : {&eni.ipv4_prefixes, &eni.ipv6_prefixes}) {
    for (const base::Prefix& prefix : *prefixes) {
      std::ranges::copy(addresses_in(prefix), std::back_inserter(addresses));
    }
  }
  std::ranges::sort(addresses);
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  return addresses;
}

}  // namespace catena::agent
