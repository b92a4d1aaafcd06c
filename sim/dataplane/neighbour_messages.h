// The two questions for a link-layer address, and their answers, as frames.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/ip.h"
#include "common/base/mac.h"

namespace catena::sim {

// An ARP request (RFC 826) or a neighbour solicitation (RFC 4861, 4.3).
struct NeighbourQuestion {
  base::Mac sender;       // of the frame
  base::IpAddress asker;  // whose answer it is to be; 0.0.0.0 or :: in a probe for duplicates
  base::IpAddress target;
};

// Nothing where the Ethernet frame is something else.
std::optional<NeighbourQuestion> parse_question(std::string_view frame);

// The Ethernet frame that answers: `target` is at `owner`. A router's, solicited, overriding
// advertisement (RFC 4861, 4.4) for IPv6.
std::string answer_to(const NeighbourQuestion& question, const base::Mac& owner);

}  // namespace catena::sim
