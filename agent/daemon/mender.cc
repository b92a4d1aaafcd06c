#include "agent/daemon/mender.h"

#include <sys/epoll.h>

namespace catena::agent {
namespace {

using base::Result;
using enilink::Repair;

// The loop waits no longer for a plugin that has the store's lock.
constexpr Millis kPatience{1'000};
constexpr Loop::Millis kGather{500};
// Of what was lost, lines in the log at once.
constexpr std::size_t kMostLines = 20;

}  // namespace

Mender::Mender(const std::string& state_dir, std::string conflist, Loop& loop, base::Log& log,
               Tally& tally)
    : store_(state_dir, {.lock_patience = kPatience}),
      conflist_(std::move(conflist)),
      loop_(loop),
      log_(log),
      tally_(tally) {}

Mender::~Mender() {
  loop_.cancel(timer_);
  if (monitor_.has_value()) {
    loop_.forget(monitor_->fd());
  }
}

Result<std::unique_ptr<Mender>> Mender::open(const std::string& state_dir,
                                             const std::string& conflist, Loop& loop,
                                             base::Log& log, Tally& tally) {
  std::unique_ptr<Mender> mender(new Mender(state_dir, conflist, loop, log, tally));
  Mender* const self = mender.get();
  mender->monitor_ = TRY(enilink::Monitor::open([self]() -> Result<enilink::State> {
    return self->keys_.has_value() ? wanted_state(self->store_, *self->keys_) : nothing_wanted();
  }));
  TRY(loop.watch(mender->monitor_->fd(), EPOLLIN,
                 [self] { self->report(self->monitor_->step()); }));
  mender->read_anew();
  return mender;
}

void Mender::read_anew() {
  const Result<std::optional<RoutingKeys>> keys = read_routing_keys(conflist_);
  if (keys.ok()) {
    keys_ = *keys;
  } else {
    log_.warning("repair: " + keys.error().text());
  }
  compare_soon();
}

void Mender::compare_soon() {
  if (timer_ == 0) {
    timer_ = loop_.after(kGather, [this] {
      timer_ = 0;
      compare();
    });
  }
}

void Mender::compare() { report(monitor_->repair()); }

void Mender::report(const Result<Repair>& repair) {
  if (!repair.ok()) {
    if (repair.error().text() != last_failure_) {
      last_failure_ = repair.error().text();
      log_.warning("repair: " + last_failure_);
    }
    return;
  }
  last_failure_.clear();
  for (std::size_t i = 0; i < repair->lost.size() && i < kMostLines; ++i) {
    log_.warning("repair: " + repair->lost[i]);
  }
  if (repair->lost.size() > kMostLines) {
    log_.warning("repair: and " + std::to_string(repair->lost.size() - kMostLines) + " more");
  }
  for (const base::Error& failure : repair->failed) {
    log_.warning("repair: not mended: " + failure.text());
  }
  tally_.repairs += repair->lost.empty() ? 0U : 1U;
  tally_.lost += repair->lost.size();
  tally_.failed_repairs += repair->failed.size();
}

}  // namespace catena::agent
