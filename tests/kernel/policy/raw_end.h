// Where packets leave a namespace and where they arrive in one.
#pragma once

#include <cstdint>
#include <functional>
#include <sched.h>
#include <span>
#include <vector>

#include "common/base/unique_fd.h"
#include "tests/kernel/policy/packet.h"
#include "tests/support/scratch_netns.h"

namespace catena::test::netpol {

// Raw sockets of a namespace. What they receive has passed every firewall rule on the way, the
// namespace's own ones included.
class RawEnd {
 public:
  explicit RawEnd(const ScratchNetNs& netns);

  // Whether the namespace let go of it. Throws std::runtime_error where that is for another reason
  // than a rule of its firewall.
  bool send(const Bytes& packet, const base::IpAddress& destination) const;

  using Sight = std::function<void(base::Family, std::uint8_t protocol,
                                   std::span<const std::uint8_t> received)>;
  // All that has arrived since the last time.
  void look(const Sight& sight) const;

  // The namespace forgets all flows: what comes next is new.
  void forget_flows() const;

 private:
  struct Ear {
    base::Family family;
    std::uint8_t protocol;
    base::UniqueFd socket;
  };
  std::vector<Ear> ears_;
  base::UniqueFd mouth4_;
  base::UniqueFd mouth6_;
  base::UniqueFd conntrack_;
};

// The queue of packets that this CPU has under way between links. While it lives the thread stays
// on one CPU, so that what it sends is worked on in the order in which it was sent.
class PacketQueue {
 public:
  explicit PacketQueue(const ScratchNetNs& netns);
  PacketQueue(const PacketQueue&) = delete;
  PacketQueue& operator=(const PacketQueue&) = delete;
  PacketQueue(PacketQueue&&) = delete;
  PacketQueue& operator=(PacketQueue&&) = delete;
  ~PacketQueue();

  // Returns when whatever this thread has sent, over two links at most, has arrived or is lost.
  // Throws std::runtime_error where the machine takes seconds for that.
  void drain() const;
  // Whether packets, perhaps ours, have been lost because the queue was full, since the last call.
  bool has_lost();

 private:
  std::uint64_t losses() const;

  cpu_set_t cpus_before_{};
  int cpu_ = 0;
  base::UniqueFd loop_;
  std::uint64_t losses_ = 0;
};

}  // namespace catena::test::netpol
