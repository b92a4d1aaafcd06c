// What pods' links have on the node beside the source routing of shared ENIs (repair.h), by the
// store and the conflist: guard and masquerade of every pod, and the links to pods that have an ENI
// of their own.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/attachment/firewall.h"
#include "common/base/result.h"
#include "common/enilink/repair.h"
#include "common/firewall/marks.h"
#include "common/ipam/store.h"

namespace catena::agent {

struct OwnNicKeys {
  std::vector<base::Family> families{base::Family::kIpv4};
  firewall::MarkSettings marks;
};

// What the conflist tells of the plugins that make links.
struct LinkKeys {
  std::string network;                                      // its name
  std::map<std::string, attachment::FirewallKeys> plugins;  // by type
  std::optional<OwnNicKeys> own_nics;                       // of catena-eni
};
base::Result<LinkKeys> read_link_keys(const std::string& conflist);

// Of pods of that network whose links are there and up: what others have is not known. `shape` is
// how catena-multiip routes.
base::Result<enilink::Repair> repair_links(const enilink::Kernel& kernel, ipam::Store& store,
                                           const LinkKeys& keys, enilink::Shape shape);

}  // namespace catena::agent
