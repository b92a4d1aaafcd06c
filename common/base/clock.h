// Points in time. A Clock is the one thing of the machine that tests replace.
#pragma once

#include <chrono>
#include <string>

#include "common/base/result.h"

namespace catena::base {

class Clock {
 public:
  virtual ~Clock() = default;
  // CLOCK_BOOTTIME: since boot, suspend included; steps of the wall clock do not move it.
  virtual std::chrono::nanoseconds since_boot() const;
  // CLOCK_REALTIME, for people to read; never compared.
  virtual std::chrono::system_clock::time_point wall() const;
};

// The machine's own clock; lives as long as the process.
const Clock& system_clock();

// /proc/sys/kernel/random/boot_id, 36 characters: another value means that the machine was booted.
Result<std::string> boot_id();

// A point on CLOCK_MONOTONIC by which a wait must end.
class Deadline {
 public:
  explicit Deadline(std::chrono::milliseconds from_now)
      : end_(std::chrono::steady_clock::now() + from_now) {}
  bool passed() const { return std::chrono::steady_clock::now() >= end_; }
  // Never negative.
  std::chrono::milliseconds left() const;

 private:
  std::chrono::steady_clock::time_point end_;
};

}  // namespace catena::base
