// The veth pair between a pod and its node (docs/datapath.md): eth0 with `<ip>/32` and a gateway
// that is a neighbour entry on the pod's side, a host route per address on the node's side.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/ip.h"
#include "common/base/mac.h"
#include "common/base/result.h"
#include "common/cni/types.h"
#include "common/netlink/netns.h"
#include "common/netlink/socket.h"
#include "common/podlink/node.h"

namespace catena::podlink {

inline constexpr std::size_t kLongestAlias = 255;  // IFALIASZ - 1, linux/if.h

struct PodLink {
  cni::Attachment attachment;
  std::string alias;         // of the host end: "namespace/pod"; at most kLongestAlias bytes
  std::uint32_t mtu = 1500;  // bytes
  base::Mac mac;             // of the pod's end
  std::vector<base::IpAddress> addresses;
  // Destinations that the pod reaches through this link beside the default route.
  std::vector<base::Prefix> routes;
  std::uint32_t table = netlink::kMainTable;  // of the node, for the host routes

  std::vector<base::Family> families() const;
};

struct Ends {
  netlink::Link host;
  netlink::Link pod;
};

// An interface of that name in the sandbox is kExists, as the spec asks ("ADD"), unless it is what
// a killed ADD of the same attachment left: the other end of our own host link that was never up.
// That one is deleted, as is a host link of our name whose other end is elsewhere.
base::Status clear_leftovers(netlink::Socket& node, netlink::Socket& pod,
                             const cni::Attachment& attachment);

// Both ends, down, without addresses.
base::Result<Ends> create_ends(netlink::Socket& node, netlink::Socket& pod,
                               const netlink::NetNs& sandbox, const PodLink& link);

// Addresses, routes, gateway neighbours; up. The default route goes through the first link of a
// family only. A later one gets a table of its own, chosen by its source address, so that its
// replies leave the way the requests came. Returns the routes made in the pod's main table, gateway
// routes excepted.
base::Result<std::vector<cni::RouteConfig>> configure_pod_end(netlink::Socket& pod,
                                                              const netlink::NetNs& sandbox,
                                                              const Ends& ends,
                                                              const PodLink& link);

// Alias, parameters, up, a host route for each address. The last step of an ADD: the link carries
// nothing before.
base::Status configure_host_end(netlink::Socket& node, const Ends& ends, const PodLink& link,
                                const Node& addresses);

// Deletes the link and with it the pod's end, addresses and routes. Success when it is gone.
base::Status remove_link(netlink::Socket& node, const cni::Attachment& attachment);
// Deletes the rules that a link beside the first one has in the sandbox. Success when they are
// gone.
base::Status remove_source_rules(netlink::Socket& pod,
                                 const std::vector<base::IpAddress>& addresses);

// `result` with the two interfaces and their addresses and routes appended.
void append_to_result(cni::AddResult& result, const Ends& ends, const PodLink& link,
                      const std::string& sandbox, std::vector<cni::RouteConfig> routes);

// Tables and rules of links beside the first one, inside the pod.
inline constexpr std::uint32_t kSourceTableBase = 1000;  // plus the link's index
inline constexpr std::uint32_t kSourceRulePriority = 2048;

}  // namespace catena::podlink
