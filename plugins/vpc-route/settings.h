// The configuration keys of catena-vpc-route (README.md has the table).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/attachment/firewall.h"
#include "common/base/ip.h"
#include "common/base/result.h"
#include "common/cni/config.h"
#include "common/ipam/range.h"
#include "common/ipam/store.h"
#include "common/podlink/node.h"

namespace catena::vpc_route {

struct Settings {
  std::vector<ipam::RangeSet> sets;
  std::string state_dir = "/var/lib/catena";
  std::chrono::seconds cooling{30};
  std::optional<std::uint32_t> mtu;  // bytes; absent: the node NIC's
  std::string node_interface;        // empty: the one of the default route
  std::vector<base::Prefix> routes;
  podlink::Forwarding forwarding = podlink::Forwarding::kEnsure;
  bool closed_until_policy = false;
  bool masquerade = false;
  std::vector<base::Prefix> non_masquerade;
  bool manage_route = false;
  std::string eni_conf;     // empty: where the agent looks by itself
  std::string route_table;  // empty: the VPC's only one

  // kBadConfig for anything that is not as README.md says.
  static base::Result<Settings> from(const cni::NetworkConfig& config);
  // For DEL and GC: what is readable; a configuration made worse after ADD must not keep a pod from
  // being torn down.
  static Settings lenient_from(const cni::NetworkConfig& config);

  std::vector<base::Family> families() const;
  ipam::Store open_store() const;
  // Masquerading leaves alone the configured networks and this network's own ranges.
  attachment::FirewallKeys firewall() const;
};

}  // namespace catena::vpc_route
