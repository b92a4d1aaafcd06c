#include "common/ipam/range.h"

#include <algorithm>
#include <limits>

namespace catena::ipam {
namespace {

constexpr std::uint64_t kMany = std::numeric_limits<std::uint64_t>::max();

std::uint64_t add_up_to_many(std::uint64_t a, std::uint64_t b) {
  return a > kMany - b ? kMany : a + b;
}

const base::Prefix* exclusion_of(const std::vector<base::Prefix>& exclude,
                                 const base::IpAddress& address) {
  const auto after = std::upper_bound(exclude.begin(), exclude.end(), address,
                                      [](const base::IpAddress& value, const base::Prefix& prefix) {
                                        return value < prefix.network();
                                      });
  if (after == exclude.begin() || !std::prev(after)->contains(address)) {
    return nullptr;
  }
  return &*std::prev(after);
}

// What rangeStart and rangeEnd are when nobody names them.
base::IpAddress default_first(const base::Prefix& subnet) { return subnet.network().plus(1); }
base::IpAddress default_last(const base::Prefix& subnet) {
  return subnet.is_v4() ? subnet.last().minus_one() : subnet.last();
}

}  // namespace

Range Range::whole(const base::Prefix& subnet) {
  Range range;
  range.subnet = subnet;
  range.first = default_first(subnet);
  range.last = default_last(subnet);
  return range;
}

bool Range::may_hand_out(const base::IpAddress& address) const {
  return address.family() == first.family() && first <= address && address <= last &&
         gateway != address && exclusion_of(exclude, address) == nullptr;
}

std::optional<base::IpAddress> Range::next_from(base::IpAddress address) const {
  while (address <= last) {
    const base::Prefix* excluded = exclusion_of(exclude, address);
    if (excluded == nullptr && gateway != address) {
      return address;
    }
    const base::IpAddress passed = excluded != nullptr ? excluded->last() : address;
    if (passed >= last) {
      break;
    }
    address = passed.plus(1);
  }
  return {};
}

std::uint64_t Range::size() const {
  std::uint64_t total = 0;
  std::optional<base::IpAddress> from = next_from(first);
  while (from.has_value()) {
    base::IpAddress gap_end = last;
    for (const base::Prefix& prefix : exclude) {
      if (prefix.network() > *from) {
        gap_end = std::min(gap_end, prefix.network().minus_one());
        break;
      }
    }
    if (gateway.has_value() && gateway->family() == from->family() && *gateway > *from) {
      gap_end = std::min(gap_end, gateway->minus_one());
    }
    total = add_up_to_many(total, base::count_between(*from, gap_end));
    from = gap_end == last ? std::nullopt : next_from(gap_end.plus(1));
  }
  return total;
}

std::string Range::key() const {
  std::string all = base::Prefix(subnet.network(), subnet.length()).to_string();
  if (first == default_first(subnet) && last == default_last(subnet)) {
    return all;
  }
  return all + ":" + first.to_string() + "-" + last.to_string();
}

}  // namespace catena::ipam
