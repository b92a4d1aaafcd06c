// Running flows of pods, and cutting those that their policies forbid by now.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/ip.h"
#include "common/base/result.h"

namespace catena::firewall {

struct Flow {
  // What packets that go one way have in their headers; no ports where the protocol has none.
  struct Way {
    base::IpAddress source;
    base::IpAddress destination;
    std::uint16_t source_port = 0;
    std::uint16_t destination_port = 0;
  };
  std::uint8_t protocol = 0;
  bool has_ports = false;
  Way sent;          // by whoever began it, before any translation
  Way answered;      // by the end behind DNAT, before its answers are translated back
  std::string name;  // connection tracking's
};

// Of the calling thread's namespace: flows that one of `pods` (sorted) began, or that lead to one
// of them behind DNAT.
base::Result<std::vector<Flow>> flows_of(const std::vector<base::IpAddress>& pods);

// The kernel forgets these flows, and drops what still comes of them, from either end, for as long
// as it would have remembered them: without that an answer that is under way would begin the flow
// anew the other way round, which may well be allowed. A new connection (TCP: a SYN) between the
// same ports is judged like any other. kUnsupported where the kernel has no nf_tables.
base::Status cut_flows(const std::vector<Flow>& flows);

}  // namespace catena::firewall
