// The time that cloud calls live in: real, or a simulator's.
#pragma once

#include <chrono>

namespace catena::cloud {

class Pace {
 public:
  Pace() = default;
  Pace(const Pace&) = delete;
  Pace& operator=(const Pace&) = delete;
  Pace(Pace&&) = delete;
  Pace& operator=(Pace&&) = delete;
  virtual ~Pace() = default;
  // UTC, for timestamps, expiry of credentials and calendar minutes.
  virtual std::chrono::system_clock::time_point wall() const = 0;
  // Never goes back; for deadlines.
  virtual std::chrono::milliseconds elapsed() const = 0;
  virtual void sleep(std::chrono::milliseconds time) = 0;
};

// The machine's clocks; lives as long as the process.
Pace& real_pace();

}  // namespace catena::cloud
