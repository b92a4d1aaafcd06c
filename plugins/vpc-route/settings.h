// The configuration keys of catena-vpc-route (README.md has the table).
#pragma once

#include <string>
#include <vector>

#include "common/attachment/settings.h"
#include "common/base/result.h"
#include "common/cni/config.h"
#include "common/ipam/range.h"

namespace catena::vpc_route {

struct Settings : attachment::LinkSettings {
  std::vector<ipam::RangeSet> sets;
  bool manage_route = false;
  std::string eni_conf;     // empty: where the agent looks by itself
  std::string route_table;  // empty: the VPC's only one

  // kBadConfig for anything that is not as README.md says.
  static base::Result<Settings> from(const cni::NetworkConfig& config);
  // For DEL and GC: what is readable; a configuration made worse after ADD must not keep a pod from
  // being torn down.
  static Settings lenient_from(const cni::NetworkConfig& config);

  // Masquerading leaves alone the configured networks and this network's own ranges.
  attachment::FirewallKeys firewall() const;
};

}  // namespace catena::vpc_route
