// Undo steps of a half-done operation, run newest first unless the operation commits.
#pragma once

#include <functional>
#include <utility>
#include <vector>

namespace catena::base {

class Rollback {
 public:
  Rollback() = default;
  Rollback(const Rollback&) = delete;
  Rollback& operator=(const Rollback&) = delete;
  Rollback(Rollback&&) = delete;
  Rollback& operator=(Rollback&&) = delete;
  ~Rollback() {
    while (!steps_.empty()) {
      auto step = std::move(steps_.back());
      steps_.pop_back();
      step();
    }
  }

  // A step must not throw; what it cannot undo it reports itself.
  void push(std::function<void()> step) { steps_.push_back(std::move(step)); }
  void commit() { steps_.clear(); }

 private:
  std::vector<std::function<void()>> steps_;
};

}  // namespace catena::base
