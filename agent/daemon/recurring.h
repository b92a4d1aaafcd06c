// A duty that the daemon runs by itself: now and then, and soon after something happened.
#pragma once

#include <chrono>
#include <functional>
#include <random>
#include <string>

#include "agent/daemon/desk.h"
#include "agent/daemon/loop.h"
#include "common/base/log.h"

namespace catena::agent {

struct Rhythm {
  Millis first{0};            // after the start
  Millis period{60'000};      // when nothing happens; a tenth more or less
  Millis gather{200};         // between a nudge and the run, so that many nudges are one run
  Millis spacing{1'000};      // at least, from the end of a run to the next
  Millis first_retry{5'000};  // doubles with every failure, a fifth more or less
  Millis last_retry{300'000};
  Millis budget{120'000};
};

// Of the loop's thread.
class Recurring {
 public:
  using Args = std::function<std::string()>;
  using Done = std::function<void(const nlohmann::json& result)>;

  // All must outlive it. `args` makes the arguments of each run; `done` may be empty.
  Recurring(Loop& loop, Desk& desk, base::Log& log, const DutyKind& duty, const Rhythm& rhythm,
            Args args, Done done);
  Recurring(const Recurring&) = delete;
  Recurring& operator=(const Recurring&) = delete;
  Recurring(Recurring&&) = delete;
  Recurring& operator=(Recurring&&) = delete;
  ~Recurring() { loop_.cancel(timer_); }

  // Without this it runs when it is nudged only.
  void start() { schedule(rhythm_.first); }
  // From the next run on.
  void set_period(Millis period) { rhythm_.period = period; }
  // Something happened: runs soon, though not sooner than a failure's retry allows.
  void nudge();
  // Failures are forgotten: what was wrong may have been set right.
  void nudge_at_once();
  // Whether the last run succeeded.
  bool is_well() const { return well_; }

 private:
  using Clock = std::chrono::steady_clock;

  void schedule(Millis time);
  void run();
  void on_answer(const Desk::Answer& answer);
  void report(const Desk::Answer& answer);
  Millis about(Millis time, double share);

  Loop& loop_;
  Desk& desk_;
  base::Log& log_;
  const DutyKind& duty_;
  Rhythm rhythm_;
  Args args_;
  Done done_;
  Loop::TimerId timer_ = 0;
  Clock::time_point due_;
  Clock::time_point not_before_;
  bool running_ = false;
  bool nudged_ = false;  // while it ran
  bool well_ = false;
  Millis retry_{0};
  std::string last_failure_;
  Clock::time_point told_;
  std::minstd_rand random_{std::random_device()()};
};

}  // namespace catena::agent
