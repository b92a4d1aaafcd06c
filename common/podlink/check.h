// Comparing a pod's link with what ADD made. Changes nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/ip.h"
#include "common/base/mac.h"
#include "common/cni/types.h"
#include "common/netlink/socket.h"
#include "common/podlink/node.h"

namespace catena::podlink {

struct Expected {
  cni::Attachment attachment;
  std::uint32_t mtu = 0;         // bytes
  std::optional<base::Mac> mac;  // of the pod's end; absent: not compared
  std::vector<base::IpAddress> addresses;
  // As the result of ADD lists them: a default route among them says that this link is the first of
  // its family.
  std::vector<cni::RouteConfig> routes;
  Node node;
  std::uint32_t table = netlink::kMainTable;  // of the host routes
};

// A sentence for each difference; empty when all is as ADD made it.
base::Result<std::vector<std::string>> differences(netlink::Socket& node, netlink::Socket& pod,
                                                   const Expected& expected);

}  // namespace catena::podlink
