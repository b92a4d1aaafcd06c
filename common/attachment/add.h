// What the ADD of every plugin that makes a pod's link begins and ends with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/cni/plugin.h"
#include "common/ipam/store.h"
#include "common/netlink/socket.h"
#include "common/podlink/pod_link.h"

namespace catena::attachment {

void log_all(const cni::Request& request, const std::vector<std::string>& notices);

ipam::Owner owner_of(const cni::Request& request);

// Of an ENI, or of addresses of one: what the pod and its network want.
ipam::EniClaim claim_for(const cni::Request& request, const std::vector<base::Family>& families);

// An address that the node itself has: of an exclusive ENI it is one that somebody's DHCP client
// gave the NIC, which goes when it moves.
enum class NodesOwn : std::uint8_t { kIsInUse, kIsNotInUse };
// An address is in use when the node has a route to it alone: to a pod of any network, or to
// itself. `node` must outlive what is returned.
ipam::InUse known_to_kernel(netlink::Socket& node, NodesOwn nodes_own = NodesOwn::kIsInUse);

// Without addresses; `mtu` where the runtime or the configuration names no other.
podlink::PodLink plan_link(const cni::Request& request, std::uint32_t mtu);

// The result of the plugins before this one, with the link and the configuration's dns.
cni::AddResult result_with(const cni::Request& request, const podlink::Ends& ends,
                           const podlink::PodLink& link, std::vector<cni::RouteConfig> routes);

}  // namespace catena::attachment
