#include "common/firewall/prefixes.h"

#include <algorithm>

namespace catena::firewall {

std::vector<Interval> merged(const std::vector<base::Prefix>& prefixes, base::Family family) {
  std::vector<Interval> sorted;
  for (const base::Prefix& prefix : prefixes) {
    if (prefix.family() == family) {
      sorted.push_back({prefix.network(), prefix.last()});
    }
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const Interval& a, const Interval& b) { return a.first < b.first; });
  std::vector<Interval> intervals;
  for (const Interval& next : sorted) {
    // 0.0.0.0 and :: never follow another address, so that the wrap of plus() does no harm.
    if (!intervals.empty() &&
        (next.first <= intervals.back().last || next.first == intervals.back().last.plus(1))) {
      intervals.back().last = std::max(intervals.back().last, next.last);
    } else {
      intervals.push_back(next);
    }
  }
  return intervals;
}

std::vector<Element> elements_of(const std::vector<Interval>& intervals) {
  std::vector<Element> elements;
  for (const Interval& interval : intervals) {
    Element element{key_of(interval.first), std::nullopt, std::nullopt};
    // Behind the last address there is there is none: the kernel's interval is left open.
    if (const base::IpAddress end = interval.last.plus(1); !end.is_unspecified()) {
      element.end = key_of(end);
    }
    elements.push_back(std::move(element));
  }
  return elements;
}

}  // namespace catena::firewall
