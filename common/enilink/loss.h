// Which changes of the kernel may be the loss of something of ours. Internal to this folder.
#pragma once

#include <set>

#include "common/base/mac.h"
#include "common/base/result.h"
#include "common/enilink/repair.h"

struct nlmsghdr;

namespace catena::enilink {

inline constexpr unsigned kFirewallGroup = 7;  // NFNLGRP_NFTABLES

// The links that matter, as of the last comparison.
struct Known {
  std::set<int> eni_links;       // by index
  std::set<base::Mac> eni_macs;  // of ENIs, their links there or not
};
base::Result<Known> known_of(const State& state, netlink::Socket& routes);

// Of rtnetlink. Asks `routes` whether a link is there: the routes of a pod that is taken down go
// with it.
bool may_be_route_loss(const nlmsghdr* message, const Known& known, netlink::Socket& routes);
// Of nf_tables: whatever is taken from table inet catena, and rules that are added to it, but for
// what is NetworkPolicies'.
bool may_be_firewall_loss(const nlmsghdr* message);

}  // namespace catena::enilink
