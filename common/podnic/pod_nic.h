// An ENI's NIC as the interface of one pod, and its way home (docs/datapath.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/ip.h"
#include "common/base/mac.h"
#include "common/base/result.h"
#include "common/cni/types.h"
#include "common/netlink/netns.h"
#include "common/netlink/socket.h"

namespace catena::podnic {

struct PodNic {
  cni::Attachment attachment;
  std::string alias;  // "namespace/pod"
  base::Mac mac;      // by which the NIC is found, whatever it is called
  std::vector<base::IpAddress> addresses;
  int prefix_length = 0;  // of the IPv4 address: that of the vSwitch's block
  base::IpAddress gateway;
  std::optional<base::IpAddress> gateway6;  // needed where an address is of IPv6
  std::uint32_t mtu = 1500;                 // bytes

  std::vector<base::Family> families() const;
};

// As the pod has it: with the vSwitch's prefix, which in IPv6 is a /64 in this cloud; alone where
// its gateway shows that it is of no such block.
base::Prefix own_prefix(const PodNic& nic, const base::IpAddress& address);

// Inside the pod under the attachment's name, down, its old name kept in its alias. One move;
// what the NIC had on the node (addresses, routes) goes with it. The pod must have no link of that
// name.
base::Result<netlink::Link> move_in(netlink::Socket& node, netlink::Socket& pod,
                                    const netlink::NetNs& sandbox, const netlink::Link& nic,
                                    const PodNic& wanted);

// MTU, addresses, rp_filter 2, up, routes by the vSwitch's gateway. The default route goes through
// the first link of a family only; a later one gets a table of its own (podlink::kSourceTableBase).
// Returns the routes made in the pod's main table, gateway routes excepted.
base::Result<std::vector<cni::RouteConfig>> configure(netlink::Socket& pod,
                                                      const netlink::NetNs& sandbox,
                                                      const netlink::Link& nic,
                                                      const PodNic& wanted);

// A NIC that a pod had, or may have had.
struct Stray {
  base::Mac mac;
  std::string if_name;  // in the pod; may be empty
  std::string netns;    // path; empty or gone: only the node is searched
  // Only a NIC whose alias says that move_in() was there: for a MAC that no store vouches for.
  bool only_by_alias = false;
};
enum class Found {
  kHome,    // it is on the node, and was before
  kMoved,   // it was in the pod
  kNowhere  // neither here nor there: unplugged, or in a namespace that nobody can name
};
// The NIC is on the node afterwards, down, without alias and, where that is free, under the name
// that it had before move_in(); else under "eni" and its MAC. What died with its namespace is found
// wherever the kernel put it on the node. Idempotent. The calling thread's namespace must be that
// of `node`.
base::Result<Found> bring_home(netlink::Socket& node, const Stray& stray);

// What a killed ADD of the same attachment left in the sandbox is undone. kExists for any other
// interface of that name. The calling thread's namespace must be that of `node`.
base::Status clear_leftovers(netlink::Socket& node, netlink::Socket& pod,
                             const cni::Attachment& attachment, const std::string& netns);

}  // namespace catena::podnic
