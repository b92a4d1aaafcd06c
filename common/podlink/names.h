// What the two ends of a pod's link are called and how they reach each other.
#pragma once

#include <string>

#include "common/base/ip.h"
#include "common/base/mac.h"
#include "common/cni/types.h"

namespace catena::podlink {

// Every host end begins with this; the guard of common/firewall matches it.
inline constexpr char kHostLinkPrefix[] = "ctn";

// The pod's next hop: no interface has this address, a permanent neighbour entry leads to the host
// end's MAC. 169.254.1.1 (RFC 3927) and fe80::1.
base::IpAddress gateway_of(base::Family family);

// "ctn" and 12 characters of a hash of container id and interface name: the same for the same
// attachment on every release, never another pod's, however pods are named.
std::string host_link_name(const cni::Attachment& attachment);

// Locally administered, the same for the same attachment. Both are set explicitly, since udev
// rewrites the MAC of a link that came without one.
base::Mac host_mac(const cni::Attachment& attachment);
base::Mac pod_mac(const cni::Attachment& attachment);

}  // namespace catena::podlink
