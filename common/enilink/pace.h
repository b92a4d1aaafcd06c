// How often is mended while somebody else keeps undoing it. Internal to this folder.
#pragma once

#include <algorithm>
#include <chrono>

namespace catena::enilink {

class MendingPace {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Whether to compare now; otherwise after wait().
  bool may_go(Time now) {
    const auto gained = (now - since_) / kEach;
    if (gained > 0) {
      left_ = static_cast<int>(std::min<long>(kAtOnce, left_ + gained));
      since_ = now;
    }
    return left_ > 0;
  }
  // Something was lost again.
  void count() { left_ = std::max(left_ - 1, 0); }
  static constexpr std::chrono::milliseconds wait() { return kEach; }

 private:
  // Many more than an admin's or a daemon's restart causes, and few enough to cost no more than
  // some ms a second.
  static constexpr int kAtOnce = 50;
  static constexpr std::chrono::milliseconds kEach{200};

  int left_ = kAtOnce;
  Time since_{};
};

}  // namespace catena::enilink
