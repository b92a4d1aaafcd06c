// Many nodes in one process and one virtual time: each a thread, of which one runs at a time; who
// sleeps gives the turn to the one that wakes first.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "common/cloud/pace.h"
#include "sim/gateway.h"
#include "sim/world.h"

namespace catena::crash {

class Turns {
 public:
  using Millis = std::chrono::milliseconds;

  Turns(sim::World& world, sim::Gateway& gateway)
      : world_(world), gateway_(gateway), start_(world.now()) {}

  // A node that begins `at` so much time from the start. Not while run() runs.
  void add(Millis at, std::function<void()> work) {
    const std::size_t id = works_.size();
    works_.push_back(std::move(work));
    turns_.push_back(std::make_unique<std::condition_variable>());
    queue_.emplace(Wake{at, id}, true);
  }
  // Until all have ended.
  void run() {
    std::vector<std::thread> threads;
    running_ = kNobody;
    for (std::size_t id = 0; id < works_.size(); ++id) {
      threads.emplace_back([this, id] {
        await(id);
        works_[id]();
        const std::scoped_lock lock(mutex_);
        next();
      });
    }
    {
      const std::scoped_lock lock(mutex_);
      next();
    }
    for (std::thread& thread : threads) {
      thread.join();
    }
  }

  Millis elapsed() const {
    const auto guard = gateway_.lock();
    return std::chrono::duration_cast<Millis>(world_.now() - start_);
  }
  std::chrono::system_clock::time_point wall() const {
    const auto guard = gateway_.lock();
    return world_.now();
  }
  // Of the thread that has the turn.
  void sleep(Millis time) {
    const Millis until = elapsed() + time;
    std::size_t me = kNobody;
    {
      const std::scoped_lock lock(mutex_);
      me = running_;
      queue_.emplace(Wake{until, me}, true);
      next();
    }
    await(me);
  }

 private:
  static constexpr std::size_t kNobody = static_cast<std::size_t>(-1);
  using Wake = std::pair<Millis, std::size_t>;

  void await(std::size_t id) {
    std::unique_lock lock(mutex_);
    turns_[id]->wait(lock, [&] { return running_ == id; });
  }
  // With mutex_ held.
  void next() {
    if (queue_.empty()) {
      running_ = kNobody;
      return;
    }
    const Wake wake = queue_.begin()->first;
    queue_.erase(queue_.begin());
    {
      const auto guard = gateway_.lock();
      world_.advance_to(start_ + wake.first);
    }
    running_ = wake.second;
    turns_[running_]->notify_one();
  }

  sim::World& world_;
  sim::Gateway& gateway_;
  sim::Time start_;
  std::vector<std::function<void()>> works_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<std::condition_variable>> turns_;  // one a node
  std::map<Wake, bool> queue_;
  std::size_t running_ = kNobody;
};

class TurnPace : public cloud::Pace {
 public:
  explicit TurnPace(Turns& turns) : turns_(turns) {}
  std::chrono::system_clock::time_point wall() const override { return turns_.wall(); }
  std::chrono::milliseconds elapsed() const override { return turns_.elapsed(); }
  void sleep(std::chrono::milliseconds time) override { turns_.sleep(time); }

 private:
  Turns& turns_;
};

}  // namespace catena::crash
