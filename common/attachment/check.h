// CHECK: comparing an attachment with the result of its ADD. Changes nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/attachment/settings.h"
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

// The forwarding of packets that the pods' families need. Of the calling thread's namespace.
Differences forwarding_differences(const LinkSettings& settings);

// Success, or kDiffers with all of them.
base::Status verdict_on(const Differences& found);

// A pod that is compared: what its plugin's own comparison takes.
struct Checked {
  const cni::Request& request;
  ipam::Store& store;
  netlink::Socket& node;
  std::vector<base::IpAddress> addresses;
  podlink::Node nic;
};
using OwnDifferences = std::function<base::Result<Differences>(const Checked& checked)>;
// The CHECK of a plugin that makes a pod's veth, with host routes in `table`: what all of them make
// is compared, and by `own` what that plugin makes beside it. Success where another plugin of the
// chain made the interface, which compares it.
base::Status check(const cni::Request& request, const LinkSettings& settings, std::uint32_t table,
                   const OwnDifferences& own);

}  // namespace catena::attachment
