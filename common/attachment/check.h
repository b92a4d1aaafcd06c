// CHECK: comparing an attachment with the result of its ADD. Changes nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/ip.h"
#include "common/base/result.h"
#include "common/cni/plugin.h"
#include "common/ipam/store.h"
#include "common/netlink/socket.h"
#include "common/podlink/node.h"

namespace catena::attachment {

using Differences = std::vector<std::string>;

// The pod's addresses that are to be compared; nothing when another plugin of the chain made its
// interface. kDiffers when the result has no such interface, kBadConfig without a result.
base::Result<std::optional<std::vector<base::IpAddress>>> addresses_to_check(
    const cni::Request& request);

base::Result<Differences> store_differences(const cni::Request& request, ipam::Store& store,
                                            const std::vector<base::IpAddress>& expected);

struct LinkExpectation {
  std::vector<base::IpAddress> addresses;
  podlink::Node node;
  std::uint32_t mtu = 0;    // where the result names none
  std::uint32_t table = 0;  // of the host routes
};
base::Result<Differences> link_differences(const cni::Request& request, netlink::Socket& node,
                                           const LinkExpectation& expectation);

// Success, or kDiffers with all of them.
base::Status verdict_on(const Differences& found);

}  // namespace catena::attachment
