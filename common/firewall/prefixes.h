// Prefixes as the intervals of a set: sorted, and none touching another.
#pragma once

#include <vector>

#include "common/base/ip.h"
#include "common/firewall/objects.h"

namespace catena::firewall {

struct Interval {
  base::IpAddress first;
  base::IpAddress last;  // counted in
  bool operator==(const Interval&) const = default;
};

// What the prefixes of that family cover, in as few intervals as that takes.
std::vector<Interval> merged(const std::vector<base::Prefix>& prefixes, base::Family family);

std::vector<Element> elements_of(const std::vector<Interval>& intervals);

}  // namespace catena::firewall
