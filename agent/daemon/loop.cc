#include "agent/daemon/loop.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <sys/epoll.h>
#include <sys/eventfd.h>

namespace catena::agent {

using base::Error;

base::Result<std::unique_ptr<Loop>> Loop::open() {
  base::UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.valid()) {
    return Error::from_errno(errno, "make an epoll descriptor");
  }
  base::UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) {
    return Error::from_errno(errno, "make an event descriptor");
  }
  std::unique_ptr<Loop> loop(new Loop(std::move(epoll), std::move(wake)));
  Loop* const self = loop.get();
  TRY(loop->watch(loop->wake_.get(), EPOLLIN, [self] { self->run_posted(); }));
  return loop;
}

base::Status Loop::watch(int fd, std::uint32_t events, Action ready) {
  const bool known = watched_.contains(fd);
  Watched& watched = watched_[fd];
  watched.number = known ? watched.number : ++last_number_;
  watched.ready = std::make_shared<Action>(std::move(ready));
  epoll_event event{};
  event.events = events;
  event.data.u64 = (watched.number << 32U) | static_cast<std::uint32_t>(fd);
  if (::epoll_ctl(epoll_.get(), known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) != 0) {
    const int failed = errno;
    watched_.erase(fd);
    return Error::from_errno(failed, "watch descriptor " + std::to_string(fd));
  }
  return {};
}

void Loop::forget(int fd) {
  if (watched_.erase(fd) != 0) {
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  }
}

Loop::TimerId Loop::after(Millis time, Action action) {
  const TimerId timer = ++last_timer_;
  const Clock::time_point at = Clock::now() + time;
  timers_.emplace(std::pair(at, timer), std::move(action));
  due_.emplace(timer, at);
  return timer;
}

void Loop::cancel(TimerId timer) {
  if (const auto found = due_.find(timer); found != due_.end()) {
    timers_.erase({found->second, timer});
    due_.erase(found);
  }
}

void Loop::post(Action action) {
  {
    const std::scoped_lock lock(mutex_);
    posted_.push_back(std::move(action));
  }
  // Fails only when the counter is full, and then the loop wakes anyway.
  ::eventfd_write(wake_.get(), 1);
}

void Loop::run_posted() {
  eventfd_t count = 0;
  ::eventfd_read(wake_.get(), &count);
  std::vector<Action> posted;
  {
    const std::scoped_lock lock(mutex_);
    posted.swap(posted_);
  }
  for (const Action& action : posted) {
    action();
  }
}

int Loop::wait_time() const {
  if (timers_.empty()) {
    return -1;
  }
  const auto left = timers_.begin()->first.first - Clock::now();
  // Rounded up: a timer that is not due yet must not make the loop spin.
  const auto millis = std::chrono::ceil<Millis>(left).count();
  constexpr Millis::rep kLongest = 60'000;
  return static_cast<int>(std::clamp<Millis::rep>(millis, 0, kLongest));
}

void Loop::run_due_timers() {
  const Clock::time_point now = Clock::now();
  while (!timers_.empty() && timers_.begin()->first.first <= now && !stopped_) {
    const auto first = timers_.extract(timers_.begin());
    due_.erase(first.key().second);
    first.mapped()();
  }
}

base::Status Loop::run() {
  std::array<epoll_event, 32> events{};
  while (!stopped_) {
    const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), wait_time());
    if (count < 0 && errno != EINTR) {
      return Error::from_errno(errno, "wait for events");
    }
    for (int i = 0; i < count && !stopped_; ++i) {
      const std::uint64_t data = events.at(static_cast<std::size_t>(i)).data.u64;
      const auto found = watched_.find(static_cast<int>(data & 0xffffffffU));
      if (found != watched_.end() && found->second.number == data >> 32U) {
        const std::shared_ptr<Action> ready = found->second.ready;  // may forget itself
        (*ready)();
      }
    }
    run_due_timers();
  }
  return {};
}

}  // namespace catena::agent
