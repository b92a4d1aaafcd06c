// Shared ENIs kept on the host, and the source routing that sends what a pod sends out of the ENI
// that has its address (docs/datapath.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/ip.h"
#include "common/base/mac.h"
#include "common/base/result.h"
#include "common/enilink/numbers.h"
#include "common/firewall/marks.h"
#include "common/firewall/table.h"
#include "common/netlink/socket.h"

namespace catena::enilink {

// How a packet's ENI is chosen.
enum class Shape {
  kMarks,  // one rule an ENI on a mark that nf_tables sets
  kRules,  // one rule a pod's address
};
const char* name_of(Shape shape);  // "marks", "rules"

// Key `routing` of a configuration.
enum class WantedShape { kAuto, kMarks, kRules };

struct Routing {
  Shape shape = Shape::kMarks;
  firewall::MarkSettings marks;
  // Looked up in main whoever sends; key `hostStackCIDRs`.
  std::vector<base::Prefix> host_stack;
  std::vector<base::Family> families{base::Family::kIpv4};
};

// The node's kernel, both of one namespace, which is the calling thread's too: parameters of IPv6
// are files of /proc/sys. `firewall` is null where the kernel has no nf_tables.
struct Kernel {
  netlink::Socket* routes = nullptr;
  firewall::Table* firewall = nullptr;
};

// kAuto: marks wherever the kernel takes them; the chains are made where there are none (in one
// transaction, or nothing), else it is one look-up. kUnsupported when kMarks can't be had.
base::Result<Shape> choose_shape(const Kernel& kernel, WantedShape wanted,
                                 const firewall::MarkSettings& marks);

// As the store has it.
struct HostEni {
  int slot = 0;
  base::Mac mac;
  base::IpAddress gateway;
  std::optional<base::IpAddress> gateway6;  // needed where the routing has IPv6
  std::uint32_t mtu = 0;                    // bytes; 0: as it is
};

struct EniLink {
  netlink::Link link;
  // It has the node's default route: nothing of it is changed, and what its pods send goes by main.
  bool is_primary = false;
};

// The rule of the pods table and those of hostStackCIDRs. Idempotent, no dump.
base::Status ensure_node(const Kernel& kernel, const Routing& routing);

// Whether the link is the node's own NIC, that of its default route. kTryAgain where that can't be
// told: with no default route, or one that an ENI has.
base::Result<bool> is_primary(const Kernel& kernel, const netlink::Link& link);

// The ENI's link, found by its MAC and waited for as long as `patience`, up, with 169.254.1.1/32
// (scope link) and no other address, its parameters, its table and its rule. Idempotent; where all
// is in place it changes nothing and costs the same however many pods there are. kNotFound when
// there is no such link in time; is_primary's error where nothing may be changed.
base::Result<EniLink> ensure_eni(const Kernel& kernel, const HostEni& eni, const Routing& routing,
                                 std::chrono::milliseconds patience);

// Table and rule of an ENI that is gone or is no longer ours. Success when there are none.
base::Status remove_eni(const Kernel& kernel, int slot);

// One address of a pod.
struct PodPath {
  base::IpAddress address;
  int slot = 0;                           // of the ENI that has the address
  bool by_main = false;                   // that ENI is the primary one (EniLink::is_primary)
  std::string if_name;                    // of the host's end
  std::optional<base::IpAddress> source;  // of the host route: the node's address
};

// Marks, with all of their chains, or rules of a pod's addresses. (Masquerade needs marks:
// Table::masquerade with them. In Shape::kRules what is masqueraded would leave by the ENI and be
// dropped; refuse it.) Its host routes are podlink::configure_host_end's (PodLink::table =
// kPodsTable). Idempotent.
base::Status add_pod(const Kernel& kernel, const Routing& routing, const std::vector<PodPath>& pod);
// The same, with the guard and these entries of it: what ADD asks of nf_tables is one transaction.
// Where the kernel has none there is no guard.
base::Status admit_pod(const Kernel& kernel, const Routing& routing,
                       const std::vector<PodPath>& pod,
                       const std::vector<firewall::Entry>& entries);

// Both go on after a failure, and succeed where there is nothing. Like Table::forget and
// Table::leave: forget_pod first, then the link's deletion, then remove_pod, and only then is the
// address free.
base::Status forget_pod(const Kernel& kernel, const std::vector<base::IpAddress>& addresses);
base::Status remove_pod(const Kernel& kernel, const std::vector<base::IpAddress>& addresses);

}  // namespace catena::enilink
