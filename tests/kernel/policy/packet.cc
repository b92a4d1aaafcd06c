#include "tests/kernel/policy/packet.h"

#include <algorithm>
#include <array>
#include <netinet/in.h>
#include <stdexcept>

namespace catena::test::netpol {
namespace {

using base::Family;
using base::IpAddress;

constexpr std::size_t kIpv4Header = 20;
constexpr std::size_t kIpv6Header = 40;
constexpr std::uint8_t kHops = 64;
constexpr std::uint16_t kMtu = 1280;

// TCP: RFC 9293, 3.1.
constexpr std::uint8_t kSyn = 0x02;
constexpr std::size_t kTcpFlags = 13;
// SCTP: RFC 9260, 3.1 and 3.3.2.
constexpr std::uint8_t kInit = 1;
constexpr std::size_t kSctpHeader = 12;
constexpr std::uint16_t kInitLength = 20;
constexpr std::uint32_t kReceiveWindow = 65'536;
// CRC-32C, reflected: RFC 9260, appendix A.
constexpr std::uint32_t kPolynomial = 0x82F63B78;

// ICMP types and codes: RFC 792, RFC 4443.
struct Kind {
  std::uint8_t type;
  std::uint8_t code;
};
constexpr Kind kEcho4{8, 0};
constexpr Kind kEcho6{128, 0};
constexpr Kind kTooBig4{3, 4};
constexpr Kind kTooBig6{2, 0};

// Numbers in network order.
class Writer {
 public:
  Writer& u8(std::uint8_t number) {
    bytes_.push_back(number);
    return *this;
  }
  Writer& u16(std::uint32_t number) {
    return u8(static_cast<std::uint8_t>(number >> 8U)).u8(static_cast<std::uint8_t>(number));
  }
  Writer& u32(std::uint32_t number) { return u16(number >> 16U).u16(number & 0xffffU); }
  Writer& address(const IpAddress& address) { return bytes({address.data(), address.size()}); }
  Writer& bytes(std::span<const std::uint8_t> some) {
    bytes_.insert(bytes_.end(), some.begin(), some.end());
    return *this;
  }
  Bytes take() { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

std::uint32_t u16_at(std::span<const std::uint8_t> bytes, std::size_t at) {
  return static_cast<std::uint32_t>(bytes[at] << 8U) | bytes[at + 1];
}

std::uint32_t u32_at(std::span<const std::uint8_t> bytes, std::size_t at) {
  return u16_at(bytes, at) << 16U | u16_at(bytes, at + 2);
}

void put_u16(Bytes& bytes, std::size_t at, std::uint32_t number) {
  bytes[at] = static_cast<std::uint8_t>(number >> 8U);
  bytes[at + 1] = static_cast<std::uint8_t>(number);
}

std::uint32_t sum_of(std::span<const std::uint8_t> bytes) {
  std::uint32_t sum = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    sum += at % 2 == 0 ? static_cast<std::uint32_t>(bytes[at] << 8U) : bytes[at];
  }
  return sum;
}

// RFC 1071.
std::uint16_t folded(std::uint32_t sum) {
  while (sum > 0xffffU) {
    sum = (sum & 0xffffU) + (sum >> 16U);
  }
  return static_cast<std::uint16_t>(~sum);
}

// With the pseudo header of RFC 9293 or RFC 8200.
std::uint16_t transport_sum(const Flow& flow, const Bytes& segment) {
  Writer pseudo;
  pseudo.address(flow.source).address(flow.destination);
  pseudo.u32(flow.protocol).u32(static_cast<std::uint32_t>(segment.size()));
  return folded(sum_of(pseudo.take()) + sum_of(segment));
}

std::uint32_t crc32c(const Bytes& bytes) {
  std::uint32_t crc = ~std::uint32_t{0};
  for (const std::uint8_t byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) {
      crc = (crc & 1U) != 0 ? crc >> 1U ^ kPolynomial : crc >> 1U;
    }
  }
  return ~crc;
}

Bytes tcp_syn(const Packet& packet) {
  constexpr std::uint8_t kWords = 5;
  constexpr std::size_t kSum = 16;
  Writer writer;
  writer.u16(packet.source_port).u16(packet.flow.port).u32(packet.number).u32(0);
  writer.u8(kWords << 4U).u8(kSyn).u16(0xffff).u16(0).u16(0);
  Bytes segment = writer.take();
  put_u16(segment, kSum, transport_sum(packet.flow, segment));
  return segment;
}

Bytes udp_datagram(const Packet& packet) {
  constexpr std::uint16_t kLength = 12;
  constexpr std::size_t kSum = 6;
  Writer writer;
  writer.u16(packet.source_port).u16(packet.flow.port).u16(kLength).u16(0).u32(packet.number);
  Bytes datagram = writer.take();
  const std::uint16_t sum = transport_sum(packet.flow, datagram);
  put_u16(datagram, kSum, sum == 0 ? 0xffff : sum);  // 0 would say that there is none
  return datagram;
}

Bytes sctp_init(const Packet& packet) {
  constexpr std::size_t kSum = 8;
  Writer writer;
  writer.u16(packet.source_port).u16(packet.flow.port).u32(0).u32(0);
  writer.u8(kInit).u8(0).u16(kInitLength).u32(packet.number).u32(kReceiveWindow);
  writer.u16(1).u16(1).u32(packet.number);
  Bytes segment = writer.take();
  const std::uint32_t crc = crc32c(segment);
  // The one field that has its low byte first.
  for (std::size_t byte = 0; byte < sizeof crc; ++byte) {
    segment[kSum + byte] = static_cast<std::uint8_t>(crc >> (8 * byte));
  }
  return segment;
}

Bytes icmp(const Flow& flow, Kind kind, std::uint32_t rest, std::span<const std::uint8_t> data) {
  constexpr std::size_t kSum = 2;
  Writer writer;
  writer.u8(kind.type).u8(kind.code).u16(0).u32(rest).bytes(data);
  Bytes message = writer.take();
  put_u16(message, kSum,
          flow.source.is_v4() ? folded(sum_of(message)) : transport_sum(flow, message));
  return message;
}

Bytes echo_request(const Packet& packet) {
  const std::array<std::uint8_t, 4> number{static_cast<std::uint8_t>(packet.number >> 24U),
                                           static_cast<std::uint8_t>(packet.number >> 16U),
                                           static_cast<std::uint8_t>(packet.number >> 8U),
                                           static_cast<std::uint8_t>(packet.number)};
  return icmp(packet.flow, packet.flow.source.is_v4() ? kEcho4 : kEcho6,
              static_cast<std::uint32_t>(packet.source_port) << 16U, number);
}

Bytes transport_of(const Packet& packet) {
  switch (packet.flow.protocol) {
    case IPPROTO_TCP:
      return tcp_syn(packet);
    case IPPROTO_UDP:
      return udp_datagram(packet);
    case IPPROTO_SCTP:
      return sctp_init(packet);
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
      return echo_request(packet);
    default:
      throw std::runtime_error("no packet of " + to_string(packet.flow));
  }
}

// The kernel fills in an IPv4 header's own checksum.
Bytes with_ip_header(const Flow& flow, const Bytes& inside) {
  Writer writer;
  if (flow.source.is_v4()) {
    writer.u8(0x45).u8(0).u16(static_cast<std::uint32_t>(kIpv4Header + inside.size()));
    writer.u16(0).u16(0).u8(kHops).u8(flow.protocol).u16(0);
  } else {
    writer.u32(0x60000000).u16(static_cast<std::uint32_t>(inside.size()));
    writer.u8(flow.protocol).u8(kHops);
  }
  writer.address(flow.source).address(flow.destination).bytes(inside);
  return writer.take();
}

// What a raw socket gives: of IPv4 with the IP header, of IPv6 without.
std::span<const std::uint8_t> without_ip_header(Family family,
                                                std::span<const std::uint8_t> received) {
  if (family == Family::kIpv6) {
    return received;
  }
  const std::size_t header = received.empty() ? 0 : std::size_t{4} * (received[0] & 0x0fU);
  return received.subspan(std::min(header, received.size()));
}

bool is_kind(std::span<const std::uint8_t> message, Kind kind) {
  return message.size() >= 8 && message[0] == kind.type && message[1] == kind.code;
}

}  // namespace

Bytes bytes_of(const Packet& packet) { return with_ip_header(packet.flow, transport_of(packet)); }

std::optional<std::uint32_t> number_in(Family family, std::uint8_t protocol,
                                       std::span<const std::uint8_t> received) {
  constexpr std::size_t kSmallestTcp = 20;
  constexpr std::size_t kSmallest = 12;
  const std::span<const std::uint8_t> inside = without_ip_header(family, received);
  if (inside.size() < kSmallest) {
    return std::nullopt;
  }
  switch (protocol) {
    case IPPROTO_TCP:
      return inside.size() >= kSmallestTcp && inside[kTcpFlags] == kSyn
                 ? std::optional(u32_at(inside, 4))
                 : std::nullopt;
    case IPPROTO_UDP:
      return u32_at(inside, 8);
    case IPPROTO_SCTP:
      return inside.size() >= kSctpHeader + kInitLength && inside[kSctpHeader] == kInit
                 ? std::optional(u32_at(inside, kSctpHeader + 4))
                 : std::nullopt;
    default:
      return is_kind(inside, family == Family::kIpv4 ? kEcho4 : kEcho6)
                 ? std::optional(u32_at(inside, 8))
                 : std::nullopt;
  }
}

Bytes too_big(const IpAddress& router, const Packet& packet) {
  const bool v4 = router.is_v4();
  const Flow back{.source = router,
                  .destination = packet.flow.source,
                  .protocol = v4 ? std::uint8_t{IPPROTO_ICMP} : std::uint8_t{IPPROTO_ICMPV6}};
  return with_ip_header(back, icmp(back, v4 ? kTooBig4 : kTooBig6, kMtu, bytes_of(packet)));
}

bool is_too_big(Family family, std::span<const std::uint8_t> received) {
  return is_kind(without_ip_header(family, received),
                 family == Family::kIpv4 ? kTooBig4 : kTooBig6);
}

}  // namespace catena::test::netpol
