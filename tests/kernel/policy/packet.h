// First packets of flows, as bytes: what a pod would send, and what of it comes out elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "common/base/ip.h"
#include "tests/support/netpol/cluster.h"

namespace catena::test::netpol {

using Bytes = std::vector<std::uint8_t>;

// A TCP SYN, a datagram of UDP, an SCTP INIT or an ICMP echo request.
struct Packet {
  Flow flow;
  std::uint16_t source_port = 0;  // ICMP: the echo's identifier
  std::uint32_t number = 0;       // not 0; tells it from all others
};

// From the IP header on, checksums and all.
Bytes bytes_of(const Packet& packet);

// The number of the packet of that protocol in what a raw socket of the family was given. Nothing
// where it is an answer, or not one of ours.
std::optional<std::uint32_t> number_in(base::Family family, std::uint8_t protocol,
                                       std::span<const std::uint8_t> received);

// An error that a router sends about `packet`: to where that came from, from wherever the router
// is. ICMP "fragmentation needed", ICMPv6 "packet too big"; not recognised by number_in.
Bytes too_big(const base::IpAddress& router, const Packet& packet);
// Whether it is such an error.
bool is_too_big(base::Family family, std::span<const std::uint8_t> received);

}  // namespace catena::test::netpol
