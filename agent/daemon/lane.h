// A thread in which jobs that wait (for the cloud, for locks) run one after another.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

namespace catena::agent {

// The thread starts with the first job and never ends: the process ends without waiting for a job
// that waits for the cloud, which is as safe as a kill.
class Lane {
 public:
  using Job = std::function<void()>;

  Lane() : shared_(std::make_shared<Shared>()) {}
  void submit(Job job);

 private:
  struct Shared {
    std::mutex mutex;
    std::condition_variable filled;
    std::deque<Job> jobs;
  };
  static void work(const std::shared_ptr<Shared>& shared);

  std::shared_ptr<Shared> shared_;
  bool started_ = false;
};

}  // namespace catena::agent
