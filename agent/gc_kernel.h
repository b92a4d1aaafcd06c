// What the kernel has of pods, as far as garbage collection looks at it.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/firewall/table.h"
#include "common/netlink/socket.h"

namespace catena::agent {

// Read before the store is: whatever an ADD made by then has its owner in the store by then.
struct KernelView {
  std::vector<netlink::Link> links;         // ctn*
  std::vector<netlink::Route> routes;       // ours, each to one pod by its link
  std::vector<netlink::Rule> source_rules;  // ours, by a pod's address
  std::vector<netlink::Rule> peer_rules;    // ours, by the mark of an ENI that is a pod's own
  std::set<int> idle_slots;                 // with a rule of ours whose table is empty
  std::vector<firewall::Entry> entries;
  std::vector<firewall::Marked> marked;
  std::vector<firewall::Masqueraded> masqueraded;
  std::vector<std::string> host_links;  // to pods that have a NIC of their own

  const netlink::Link* find_link(int index) const;
  const netlink::Link* find_link(const std::string& name) const;
  // Whether one of the routes leads to it.
  bool has_route_to(const base::IpAddress& address) const;
};

// Nothing where the kernel has no nf_tables.
base::Result<std::optional<firewall::Table>> open_firewall();

// `table` may be null.
base::Result<KernelView> look_at_kernel(netlink::Socket& node, firewall::Table* table);

}  // namespace catena::agent
