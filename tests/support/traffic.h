// Load between two namespaces: what of it arrives, and how long a packet waits meanwhile.
#pragma once

#include <chrono>
#include <cstdint>

#include "common/base/ip.h"
#include "tests/support/scratch_netns.h"

namespace catena::test {

struct Load {
  const ScratchNetNs& from;
  const ScratchNetNs& to;
  base::IpAddress destination;  // an address of `to`
  bool tcp = true;
  int streams = 1;
  // What UDP sends, all streams together, in full datagrams of 1,500 bytes; TCP sends what it may.
  std::uint64_t offered_bits = 0;
  std::chrono::milliseconds warm_up{500};  // not counted
  std::chrono::milliseconds duration{2000};
};

struct Delivery {
  double bits_per_second = 0;  // of payload
  // One way, of a small datagram every 50 ms beside the load; of those that arrived. 0: none did.
  double median_wait_ms = 0;
  double longest_wait_ms = 0;
};

// Fails the running test where a socket can't be had.
Delivery carry(const Load& load);

}  // namespace catena::test
