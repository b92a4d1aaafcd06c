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
  mender->monitor_ = TRY(enilink::Monitor::open(
      [self] { return self->enis(); },
      [self](const enilink::Kernel& kernel) { return self->mend_links(kernel); }));
  TRY(loop.watch(mender->monitor_->fd(), EPOLLIN,
                 [self] { self->report(self->monitor_->step()); }));
  mender->read_anew();
  return mender;
}

Result<enilink::State> Mender::enis() {
  return keys_.has_value() ? wanted_state(store_, *keys_) : nothing_wanted();
}

Result<Repair> Mender::mend_links(const enilink::Kernel& kernel) {
  const enilink::Shape shape =
      keys_.has_value() ? TRY(shape_in_force(*keys_)) : enilink::Shape::kRules;
  return repair_links(kernel, store_, links_, shape);
}

void Mender::read_anew() {
  Result<std::optional<RoutingKeys>> keys = read_routing_keys(conflist_);
  Result<LinkKeys> links = read_link_keys(conflist_);
  if (keys.ok() && links.ok()) {
    keys_ = *std::move(keys);
    links_ = *std::move(links);
  } else {
    log_.warning("repair: " + (keys.ok() ? links.error() : keys.error()).text());
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
  if (!repair->failed.empty()) {  // told once: no more than one try more
    compare_soon();
  }
  tally_.repairs += repair->lost.empty() ? 0U : 1U;
  tally_.lost += repair->lost.size();
  tally_.failed_repairs += repair->failed.size();
}

}  // namespace catena::agent
