// Time that passes only while somebody sleeps.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>
#include <vector>

#include "common/cloud/pace.h"

namespace catena::cloud {

class FakePace : public Pace {
 public:
  // 2026-01-02T03:04:00Z: a whole minute.
  explicit FakePace(std::chrono::milliseconds start = std::chrono::milliseconds(1'767'323'040'000))
      : start_(start) {}
  std::chrono::system_clock::time_point wall() const override {
    const std::scoped_lock lock(mutex_);
    return std::chrono::system_clock::time_point(start_ + passed_ + stepped_);
  }
  std::chrono::milliseconds elapsed() const override {
    const std::scoped_lock lock(mutex_);
    return passed_;
  }
  void sleep(std::chrono::milliseconds time) override {
    const std::scoped_lock lock(mutex_);
    passed_ += time;
    sleeps_.push_back(time);
  }
  // The wall clock alone is set.
  void step(std::chrono::milliseconds by) {
    const std::scoped_lock lock(mutex_);
    stepped_ += by;
  }
  const std::vector<std::chrono::milliseconds>& sleeps() const { return sleeps_; }

 private:
  mutable std::mutex mutex_;
  std::chrono::milliseconds start_;
  std::chrono::milliseconds passed_{};
  std::chrono::milliseconds stepped_{};
  std::vector<std::chrono::milliseconds> sleeps_;
};

}  // namespace catena::cloud
