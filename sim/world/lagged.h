// A value that others see later than it is true.
#pragma once

#include <algorithm>
#include <deque>
#include <utility>

#include "sim/world.h"

namespace catena::sim {

template <typename T>
class Lagged {
 public:
  // From `visible` on readers see `value`, never before what was set earlier.
  void set(T value, Time visible, Time now) {
    if (!versions_.empty()) {
      visible = std::max(visible, versions_.back().first);
    }
    versions_.emplace_back(visible, std::move(value));
    while (versions_.size() > 1 && versions_[1].first <= now) {
      versions_.pop_front();
    }
  }
  // Null while nothing is visible yet.
  const T* seen(Time now) const {
    const T* found = nullptr;
    for (const auto& [visible, value] : versions_) {
      if (visible <= now) {
        found = &value;
      }
    }
    return found;
  }
  const T& latest() const { return versions_.back().second; }
  bool settled(Time now) const { return versions_.empty() || versions_.back().first <= now; }

 private:
  std::deque<std::pair<Time, T>> versions_;
};

}  // namespace catena::sim
