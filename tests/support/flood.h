// Datagrams as fast as they go, to see whether one gets through.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include "common/base/ip.h"
#include "common/base/unique_fd.h"
#include "tests/support/scratch_netns.h"

namespace catena::test {

class Flood {
 public:
  struct Path {
    base::IpAddress from;
    base::IpAddress to;
  };
  // From its making to its end, each path at once; the addresses are there.
  Flood(const ScratchNetNs& sender, const ScratchNetNs& receiver, const std::vector<Path>& paths);
  Flood(const Flood&) = delete;
  Flood& operator=(const Flood&) = delete;
  Flood(Flood&&) = delete;
  Flood& operator=(Flood&&) = delete;
  ~Flood() = default;

  // That the sender's own kernel took.
  std::uint64_t sent() const { return sent_; }
  double sent_per_second() const;
  // All of them, though no more than the receiver's buffer holds since the last look.
  std::uint64_t arrived();

 private:
  struct Sockets {
    base::UniqueFd sender;
    base::UniqueFd receiver;
  };
  void send(const std::stop_token& stop, int sender);

  std::vector<Sockets> sockets_;
  std::atomic<std::uint64_t> sent_ = 0;
  std::uint64_t arrived_ = 0;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::vector<std::jthread> sending_;  // last, so that they end first
};

}  // namespace catena::test
