#include "agent/daemon/lane.h"

#include <thread>

namespace catena::agent {

void Lane::submit(Job job) {
  {
    const std::scoped_lock lock(shared_->mutex);
    shared_->jobs.push_back(std::move(job));
  }
  shared_->filled.notify_one();
  if (!started_) {
    started_ = true;
    std::thread([shared = shared_] { work(shared); }).detach();
  }
}

void Lane::work(const std::shared_ptr<Shared>& shared) {
  while (true) {
    std::unique_lock lock(shared->mutex);
    shared->filled.wait(lock, [&] { return !shared->jobs.empty(); });
    const Job job = std::move(shared->jobs.front());
    shared->jobs.pop_front();
    lock.unlock();
    job();
  }
}

}  // namespace catena::agent
