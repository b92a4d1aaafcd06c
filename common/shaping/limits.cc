#include "common/shaping/limits.h"

#include <algorithm>

namespace catena::shaping {
namespace {

constexpr std::uint64_t kEthernetHeader = 14;
constexpr std::uint64_t kUdpHeaders = 48;    // of a datagram over IPv6
constexpr std::uint64_t kLeastMtu = 576;     // below it headers would be most of a frame
constexpr std::uint64_t kMost = 64U << 20U;  // bytes; 50 ms of 10 Gbit/s

// A packet of the largest size that TCP builds by default (GSO_LEGACY_MAX_SIZE, 64 KiB), with the
// headers of all frames that it is going to be.
constexpr std::uint64_t kGsoPacket = 70'000;

// What a timer that is late by a tick of the slowest clock (HZ=250) must be able to make up for.
constexpr std::uint64_t kTickMs = 5;
// As long may a burst take when it has room for one whole large packet: what is larger is cut into
// frames, which costs time of the processor, and so do many small bursts.
constexpr std::uint64_t kSlowBurstMs = 20;
constexpr std::uint64_t kQueueMs = 25;
// Even the slowest limit lets some connections side by side have a few frames each.
constexpr std::uint64_t kLeastQueue = 16;

std::uint64_t bytes_in(std::uint64_t rate, std::uint64_t milliseconds) {
  // No product of the largest rate and a quarter of a second is above 64 bits.
  return rate * milliseconds / 1000;
}

// The rate that leaves `rate_bits` to what full-size packets carry.
std::uint64_t bytes_per_second(std::uint64_t rate_bits, std::uint64_t packet) {
  __extension__ using Wide = unsigned __int128;
  const Wide rate = Wide{rate_bits} * (packet + kEthernetHeader) / (Wide{packet - kUdpHeaders} * 8);
  return std::max<std::uint64_t>(static_cast<std::uint64_t>(rate), 1);
}

std::uint64_t burst_of(std::uint64_t burst_bits, std::uint64_t rate, std::uint64_t frame) {
  if (burst_bits != 0) {
    return std::max(burst_bits / 8, frame);
  }
  const std::uint64_t burst = std::max(
      {bytes_in(rate, kTickMs), std::min(bytes_in(rate, kSlowBurstMs), kGsoPacket), 2 * frame});
  return std::min(burst, kMost);
}

}  // namespace

netlink::Tbf numbers_of(const Limit& limit, std::uint32_t mtu) {
  const std::uint64_t packet = std::max<std::uint64_t>(mtu, kLeastMtu);
  const std::uint64_t frame = packet + kEthernetHeader;
  const std::uint64_t rate = bytes_per_second(limit.rate_bits, packet);
  const std::uint64_t burst = burst_of(limit.burst_bits, rate, frame);
  // A packet that the burst has room for is not cut, so there must be room for it to wait.
  const std::uint64_t queue =
      std::max({bytes_in(rate, kQueueMs), kLeastQueue * frame, std::min(burst, kGsoPacket)});
  netlink::Tbf numbers;
  numbers.bucket.rate = rate;
  numbers.bucket.burst = static_cast<std::uint32_t>(burst);
  numbers.limit = static_cast<std::uint32_t>(std::min(queue, kMost));
  return numbers;
}

std::uint32_t class_queue_of(const netlink::Tbf& numbers) {
  return std::max(numbers.limit, static_cast<std::uint32_t>(kGsoPacket));
}

}  // namespace catena::shaping
