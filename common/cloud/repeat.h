// Whether and when a refused call is made again. No clock, no network: a decision.
#pragma once

#include <chrono>
#include <functional>
#include <string_view>

#include "common/cloud/answer.h"

namespace catena::cloud {

enum class Next {
  kGiveUp,
  kRepeat,          // after `wait`
  kNewCredentials,  // have them refused at their source, then repeat
  kNewClock,        // take over Refusal::server_time, then repeat
};

struct Step {
  Next next = Next::kGiveUp;
  std::chrono::milliseconds wait{};
  bool hold_back = false;  // the wait is for the whole node
};

// A whole number below `bound`, evenly spread.
using Random = std::function<std::int64_t(std::int64_t bound)>;

// The memory of one call.
class Repetition {
 public:
  // `repeatable`: doing it twice is doing it once (a reading call, or one with a ClientToken).
  Repetition(bool repeatable, bool wait_for_state, Random random);

  // What follows from `refusal`, at `now` by the server's clock as far as it is known, with `left`
  // of the budget.
  Step next(const Refusal& refusal, std::chrono::system_clock::time_point now,
            std::chrono::milliseconds left);

  int tries() const { return tries_; }

 private:
  Step after_throttle(const Refusal& refusal, std::chrono::system_clock::time_point now,
                      std::chrono::milliseconds left);
  std::chrono::milliseconds back_off(std::chrono::milliseconds first,
                                     std::chrono::milliseconds most);

  bool repeatable_;
  bool wait_for_state_;
  Random random_;
  int tries_ = 0;
  int waits_ = 0;
  int throttles_ = 0;
  bool credentials_renewed_ = false;
  bool clock_fixed_ = false;
};

}  // namespace catena::cloud
