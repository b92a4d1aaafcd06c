// The daemon's one event loop: descriptors, timers, and what other threads hand over.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "common/base/result.h"
#include "common/base/unique_fd.h"

namespace catena::agent {

// All calls but post() belong to the thread of run().
class Loop {
 public:
  using Millis = std::chrono::milliseconds;
  using Action = std::function<void()>;

  static base::Result<std::unique_ptr<Loop>> open();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  Loop(Loop&&) = delete;
  Loop& operator=(Loop&&) = delete;
  ~Loop() = default;

  // `ready` is called while one of `events` (epoll_ctl(2)) holds, until forget(fd), which must come
  // before the descriptor is closed. Watching one again replaces events and `ready`.
  base::Status watch(int fd, std::uint32_t events, Action ready);
  void forget(int fd);

  using TimerId = std::uint64_t;  // 0 is none
  TimerId after(Millis time, Action action);
  // Success when it is over already, and for 0.
  void cancel(TimerId timer);

  // From any thread: `action` runs in the loop's.
  void post(Action action);

  // Until stop().
  base::Status run();
  void stop() { stopped_ = true; }

 private:
  using Clock = std::chrono::steady_clock;

  Loop(base::UniqueFd epoll, base::UniqueFd wake)
      : epoll_(std::move(epoll)), wake_(std::move(wake)) {}
  int wait_time() const;  // for epoll_wait(2)
  void run_due_timers();
  void run_posted();

  struct Watched {
    std::uint64_t number = 0;  // tells descriptors apart that had the same number
    std::shared_ptr<Action> ready;
  };

  base::UniqueFd epoll_;
  base::UniqueFd wake_;  // eventfd(2)
  std::map<int, Watched> watched_;
  std::uint64_t last_number_ = 0;
  std::map<std::pair<Clock::time_point, TimerId>, Action> timers_;
  std::map<TimerId, Clock::time_point> due_;
  TimerId last_timer_ = 0;
  bool stopped_ = false;

  std::mutex mutex_;  // of what follows
  std::vector<Action> posted_;
};

}  // namespace catena::agent
