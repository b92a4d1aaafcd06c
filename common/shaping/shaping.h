// Limits of what a pod receives (ingress) and sends (egress), in the kernel's queues.
//
// A limit is a tbf where every packet counts, an htb where networks are told apart, at the root of
// the link that the packets leave by: for what a pod receives its end on the node, for what it
// sends its own interface or, from the node's side, an ifb. An interface without an end on the node
// (an ENI) has an ifb beside it in the pod for what it receives.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/ip.h"
#include "common/base/result.h"
#include "common/netlink/socket.h"

namespace catena::shaping {

// Bits per second of what applications get by full-size packets: the headers of a UDP datagram over
// IPv6 that fills the MTU, which are about those of TCP too, come on top.
struct Limit {
  std::uint64_t rate_bits = 0;   // 0: not limited
  std::uint64_t burst_bits = 0;  // 0: chosen to suit the rate
  bool operator==(const Limit&) const = default;
};

struct Rates {
  Limit ingress;
  Limit egress;
  bool limits_nothing() const { return ingress.rate_bits == 0 && egress.rate_bits == 0; }
  bool operator==(const Rates&) const = default;
};

// What the kernel and this room can do; kBadConfig texts are the caller's.
inline constexpr std::uint64_t kLeastRate = 8;                             // bit/s
inline constexpr std::uint64_t kMostRate = 1'000'000'000'000'000;          // bit/s, kubelet's most
inline constexpr std::uint64_t kMostBurst = (std::uint64_t{1} << 35) - 9;  // bits, 4 GB - 2 bytes

enum class EgressFrom {
  kPod,   // on the pod's interface: cheap, and TCP is pushed back at once
  kHost,  // by an ifb on the node: for pods that hold NET_ADMIN and could undo the other
};

// By the address of the pod's peer. At most one of the two is not empty.
struct Subnets {
  std::vector<base::Prefix> shaped;    // the limits are for these alone
  std::vector<base::Prefix> unshaped;  // the limits are for all but these
  bool empty() const { return shaped.empty() && unshaped.empty(); }
  bool operator==(const Subnets&) const = default;
};

// One interface of a pod.
struct Pipe {
  std::string pod_link;   // its name in the pod
  std::string host_link;  // its end on the node; empty where it has none (an ENI)
  bool operator==(const Pipe&) const = default;
};

// The links of a pipe, as the kernel had them.
struct Ends {
  netlink::Link pod;
  std::optional<netlink::Link> host;
};
std::vector<Pipe> pipes_of(const std::vector<Ends>& ends);

// What is shaped: one attachment. Every pipe gets the limits for itself.
struct Shaped {
  std::string network;
  std::string container_id;
  std::string if_name;
  std::vector<Pipe> pipes;
  EgressFrom egress_from = EgressFrom::kPod;
  Subnets subnets;
  bool operator==(const Shaped&) const = default;
};

// The pod's interface `if_name` and, found by the kernel's own word, its end on the node; for one
// that has no end there also the pod's link to the host (kHostLink), where it has one. kNotFound
// without the interface. `host_links`: the names that the result of ADD has for the node's side.
// Where there are some, an end is one of them (kDiffers otherwise); where there are none, it is the
// veth whose peer is the pod's.
inline constexpr char kHostLink[] = "veth1";
base::Result<std::vector<Ends>> find_ends(netlink::Socket& node, netlink::Socket& pod,
                                          const std::string& if_name,
                                          const std::vector<std::string>& host_links);
base::Result<std::vector<Pipe>> find_pipes(netlink::Socket& node, netlink::Socket& pod,
                                           const std::string& if_name,
                                           const std::vector<std::string>& host_links);

// Every ifb begins with this. The rest is made of container id and interface name: never another
// attachment's. Its alias is "catena-bandwidth <network> <container id>/<interface>", cut to what a
// link can hold.
inline constexpr char kIfbPrefix[] = "ctb";
std::string ifb_name(const std::string& container_id, const std::string& if_name);
std::string ifb_alias_prefix(const std::string& network);

// Makes the kernel's queues as `rates` say, whatever they are like before: changes in place, so
// that no packet is lost, and removes what is not limited any more. kUnsupported names the option
// that the kernel lacks. After a failure some of it may be made: call remove().
base::Status shape(netlink::Socket& node, netlink::Socket& pod, const Shaped& shaped,
                   const Rates& rates);
// The same for whoever has just found the ends of all pipes: they are not looked for again.
base::Status shape(netlink::Socket& node, netlink::Socket& pod, const Shaped& shaped,
                   const std::vector<Ends>& ends, const Rates& rates);

// Removes all of it. `pod` is null where its namespace is gone. What is gone already is no failure;
// a stranger's queue stays.
base::Status remove(netlink::Socket& node, netlink::Socket* pod, const Shaped& shaped);

// What the kernel has otherwise than shape() made it, in words; changes nothing.
base::Result<std::vector<std::string>> differences(netlink::Socket& node, netlink::Socket& pod,
                                                   const Shaped& shaped, const Rates& rates);

}  // namespace catena::shaping
