// Comparing a pod's NIC and its link to the node with what ADD made. Changes nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/firewall/table.h"
#include "common/podnic/host_peer.h"
#include "common/podnic/pod_nic.h"

namespace catena::podnic {

struct Expected {
  PodNic nic;
  // Of the NIC: as the last plugin of the chain left it. Absent: it did not say.
  std::optional<std::uint32_t> mtu;  // bytes
  // Of the NIC: as ADD listed them.
  std::vector<base::Prefix> addresses;
  // As the result of ADD lists them: a default route among them says that the NIC is the first link
  // of its family.
  std::vector<cni::RouteConfig> routes;
  std::optional<HostPeer> peer;
};

// A sentence for each difference; empty when all is as ADD made it. `table` is needed where there
// is a peer.
base::Result<std::vector<std::string>> differences(netlink::Socket& node, netlink::Socket& pod,
                                                   firewall::Table* table,
                                                   const Expected& expected);

}  // namespace catena::podnic
