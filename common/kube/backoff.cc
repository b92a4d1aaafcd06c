#include "common/kube/backoff.h"

#include <algorithm>

namespace catena::kube {

using std::chrono::milliseconds;

Backoff::Backoff(BackoffSettings settings)
    : settings_(settings), base_(settings.first), random_(std::random_device()()) {}

milliseconds Backoff::between(milliseconds least, milliseconds most) {
  std::uniform_int_distribution<milliseconds::rep> spread(least.count(),
                                                          std::max(least, most).count());
  return milliseconds(spread(random_));
}

milliseconds Backoff::next(milliseconds at_least) {
  const milliseconds base = std::max(base_, at_least);
  base_ = std::min(base_ * 2, settings_.most);
  return between(base, base * 3 / 2);
}

}  // namespace catena::kube
