// How long to wait before the next try.
#pragma once

#include <chrono>
#include <random>

namespace catena::kube {

struct BackoffSettings {
  std::chrono::milliseconds first{800};
  std::chrono::milliseconds most{30'000};
};

class Backoff {
 public:
  explicit Backoff(BackoffSettings settings);

  // Doubles from call to call up to the most, and is up to a half longer by chance, so that nodes
  // that failed together do not come back together. Never shorter than `at_least`.
  std::chrono::milliseconds next(std::chrono::milliseconds at_least = {});
  void reset() { base_ = settings_.first; }

  // In [least, most].
  std::chrono::milliseconds between(std::chrono::milliseconds least,
                                    std::chrono::milliseconds most);

 private:
  BackoffSettings settings_;
  std::chrono::milliseconds base_;
  std::minstd_rand random_;
};

}  // namespace catena::kube
