// A datagram every millisecond, to see whether one ever passes that must not.
#pragma once

#include <atomic>
#include <chrono>
#include <thread>

#include "common/base/ip.h"
#include "common/base/unique_fd.h"
#include "tests/support/scratch_netns.h"

namespace catena::test {

struct ProbedPath {
  const ScratchNetNs& from;
  const ScratchNetNs& to;
  base::IpAddress destination;  // need not be there yet
};

// From its making to its end, each datagram a flow of its own, whether or not there is a way yet.
class Prober {
 public:
  explicit Prober(const ProbedPath& path);
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;
  Prober(Prober&&) = delete;
  Prober& operator=(Prober&&) = delete;
  ~Prober() = default;

  // That the sender's own kernel took.
  int sent() const { return sent_; }
  int arrived() const { return arrived_; }
  // Whether so many more arrive in time.
  bool arrives(int more = 5, std::chrono::milliseconds patience = std::chrono::seconds(10)) const;
  // How many arrive from now on, in that time.
  int arriving_in(std::chrono::milliseconds time) const;

 private:
  std::atomic<int> sent_ = 0;
  std::atomic<int> arrived_ = 0;
  base::UniqueFd receiver_;
  // Last, so that they end first.
  std::jthread receiving_;
  std::jthread sending_;
};

}  // namespace catena::test
