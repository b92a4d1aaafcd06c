// What a link receives, led through an ifb, by whose queue it leaves again. Internal to this
// folder.
#pragma once

#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/netlink/filter.h"
#include "common/netlink/socket.h"
#include "common/shaping/shaping.h"

namespace catena::shaping {

struct Detour {
  netlink::Socket* socket;  // of the namespace of both links
  netlink::Link from;
  std::string ifb;
  std::string alias;
  Limit limit;  // a rate of 0: no detour
  const Subnets* subnets;
  netlink::AddressEnd peer;
};

base::Status set_detour(const Detour& detour);
// Also ok where there is none.
base::Status remove_detour(netlink::Socket& socket, const netlink::Link& from,
                           const std::string& ifb);
base::Status remove_ifb(netlink::Socket& socket, const std::string& ifb);
base::Result<std::vector<std::string>> detour_differences(const Detour& detour);

}  // namespace catena::shaping
