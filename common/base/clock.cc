#include "common/base/clock.h"

#include <algorithm>
#include <ctime>

#include "common/base/file.h"

namespace catena::base {

std::chrono::nanoseconds Clock::since_boot() const {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

std::chrono::system_clock::time_point Clock::wall() const {
  return std::chrono::system_clock::now();
}

const Clock& system_clock() {
  static const Clock clock;
  return clock;
}

Result<std::string> boot_id() {
  std::string id = TRY(read_file("/proc/sys/kernel/random/boot_id", 64));
  while (!id.empty() && id.back() == '\n') {
    id.pop_back();
  }
  return id;
}

std::chrono::milliseconds Deadline::left() const {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(end_ - std::chrono::steady_clock::now());
  return std::max(left, std::chrono::milliseconds(0));
}

}  // namespace catena::base
