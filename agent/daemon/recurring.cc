#include "agent/daemon/recurring.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace catena::agent {
namespace {

// A failure that stays the same is told so often.
constexpr std::chrono::minutes kTellAgain{10};

}  // namespace

Recurring::Recurring(Loop& loop, Desk& desk, base::Log& log, const DutyKind& duty,
                     const Rhythm& rhythm, Args args, Done done)
    : loop_(loop),
      desk_(desk),
      log_(log),
      duty_(duty),
      rhythm_(rhythm),
      args_(std::move(args)),
      done_(std::move(done)) {}

void Recurring::schedule(Millis time) {
  loop_.cancel(timer_);
  due_ = Clock::now() + time;
  timer_ = loop_.after(time, [this] { run(); });
}

void Recurring::nudge() {
  if (running_) {
    nudged_ = true;
    return;
  }
  const Clock::time_point soon = std::max(Clock::now() + rhythm_.gather, not_before_);
  if (timer_ == 0 || soon < due_) {
    schedule(std::chrono::ceil<Millis>(soon - Clock::now()));
  }
}

void Recurring::nudge_at_once() {
  not_before_ = Clock::time_point();
  retry_ = Millis(0);
  nudge();
}

void Recurring::run() {
  timer_ = 0;
  running_ = true;
  nudged_ = false;
  desk_.ask({.duty = &duty_, .args = args_(), .budget = rhythm_.budget},
            [this](const Desk::Answer& answer) { on_answer(answer); });
}

void Recurring::on_answer(const Desk::Answer& answer) {
  running_ = false;
  well_ = answer.ok();
  report(answer);
  Millis next = about(rhythm_.period, 0.1);
  Millis spacing = rhythm_.spacing;
  if (answer.ok()) {
    retry_ = Millis(0);
  } else {
    retry_ = retry_.count() == 0 ? rhythm_.first_retry : std::min(retry_ * 2, rhythm_.last_retry);
    spacing = about(retry_, 0.2);
    next = spacing;
  }
  not_before_ = Clock::now() + spacing;
  schedule(nudged_ ? std::min(next, std::max(spacing, rhythm_.gather)) : next);
  if (answer.ok() && done_) {
    done_(*answer);
  }
}

void Recurring::report(const Desk::Answer& answer) {
  const std::string name(duty_.name);
  if (answer.ok()) {
    if (!last_failure_.empty()) {
      log_.info(name + ": works again");
    }
    last_failure_.clear();
    return;
  }
  const bool again = answer.error().text() != last_failure_ || Clock::now() - told_ > kTellAgain;
  if (again) {
    last_failure_ = answer.error().text();
    told_ = Clock::now();
    log_.warning(name + ": " + last_failure_);
  }
}

Millis Recurring::about(Millis time, double share) {
  std::uniform_real_distribution<double> factor(1.0 - share, 1.0 + share);
  return Millis(static_cast<Millis::rep>(static_cast<double>(time.count()) * factor(random_)));
}

}  // namespace catena::agent
