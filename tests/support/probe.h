// Packets sent to see whether they arrive, and from whom.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "common/base/ip.h"
#include "common/base/unique_fd.h"
#include "tests/support/scratch_netns.h"

namespace catena::test {

// For what should arrive: the wait ends when it does.
inline constexpr std::chrono::milliseconds kUntilItComes{3000};
// For what should not: many times longer than a packet takes from namespace to namespace.
inline constexpr std::chrono::milliseconds kLongEnough{200};

struct Probe {
  const ScratchNetNs& from;
  base::IpAddress source;  // need not be an address of `from`
  const ScratchNetNs& to;
  base::IpAddress destination;
  std::chrono::milliseconds patience = kUntilItComes;
};

// One datagram to a socket at `destination`. The source address that the receiver saw; nothing when
// it did not arrive.
std::optional<base::IpAddress> udp_probe(const Probe& probe);

// A connection, accepted. The address of the caller as the listener saw it; nothing when it did not
// come about.
std::optional<base::IpAddress> tcp_probe(const Probe& probe);

// Asks for the link-layer address of `target` on the link as `asker`, an address of that link
// (neighbour solicitation, RFC 4861). Whether an advertisement came back.
bool neighbour_answers(const ScratchNetNs& netns, const std::string& if_name,
                       const base::IpAddress& asker, const base::IpAddress& target,
                       std::chrono::milliseconds patience = kUntilItComes);

// A datagram socket in the namespace, bound to `address`, which need not be one of its own, and a
// port of the kernel's choice; invalid and the test failed where that can't be had.
base::UniqueFd udp_socket(const ScratchNetNs& netns, const base::IpAddress& address);
// Sends one datagram to the address and port that `receiver` is bound to. Whether the sender's own
// kernel let it go.
bool send_to_socket(const base::UniqueFd& sender, const base::UniqueFd& receiver);
// A datagram to each port from 1 to `count`, each a flow of its own; whoever loses one tells
// nobody.
void send_to_ports(const base::UniqueFd& sender, const base::IpAddress& to, int count);

}  // namespace catena::test
