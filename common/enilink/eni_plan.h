// How the kernel's objects of one ENI should be, and what is to be asked of the kernel where they
// are not. Internal to this folder.
#pragma once

#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/enilink/routing.h"

namespace catena::enilink {

// What differs, a sentence each, and the requests that mend it.
struct Mending {
  std::vector<std::string> lost;
  std::vector<netlink::Request> requests;
  // accept_ra and disable_ipv6, which are files, are to be written.
  bool ipv6_parameters = false;
};

struct EniView {
  netlink::Link link;
  std::vector<base::Prefix> addresses;
  std::vector<netlink::Route> routes;  // of its table
};

// What the kernel has; `routes` are those of the ENI's table. One dump, of the link's few
// addresses.
base::Result<EniView> look_at(const Kernel& kernel, netlink::Link link,
                              std::vector<netlink::Route> routes);

// Link, addresses and table.
Mending compare(const EniView& view, const HostEni& eni, const Routing& routing);
// Sends what is needed.
base::Status mend(const Kernel& kernel, const netlink::Link& link, Mending& mending);

// The routes of its table.
std::vector<netlink::Route> routes_of(const HostEni& eni, const netlink::Link& link,
                                      const Routing& routing);
// The rule on its mark, for each family; none in Shape::kRules.
std::vector<netlink::Rule> rules_of(int slot, const Routing& routing);

base::Error no_such_link(const HostEni& eni);

}  // namespace catena::enilink
