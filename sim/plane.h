// The data plane as the simulated cloud drives it: nodes, NICs and routes of one VPC as real links
// in network namespaces, or nothing at all.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/ip.h"
#include "common/base/mac.h"
#include "common/base/result.h"

namespace catena::sim {

// An address block with its gateways, as a vSwitch has it.
struct PlaneSwitch {
  std::string id;
  base::Prefix ipv4;
  base::IpAddress gateway;
  std::optional<base::Prefix> ipv6;  // absent: IPv6 is off
  std::optional<base::IpAddress> gateway6;
};

struct PlaneNic {
  std::string id;  // eni-...
  base::Mac mac;
  std::string vswitch;
  // What may be its source and what is delivered to it: hosts and delegated prefixes.
  std::vector<base::Prefix> addresses;
  bool source_check = true;  // false: forwards other sources too
  int mtu = 1500;            // bytes
};

struct PlaneNode {
  std::string id;     // i-...
  std::string netns;  // the name it gets below /run/netns
  // A link "eth0" with the first host address of each family and a default route by its gateway.
  PlaneNic primary;
};

// A custom route entry of the VPC's table: to the primary NIC of a node, or to one NIC.
struct PlaneRoute {
  base::Prefix destination;
  std::string next_hop;  // i-... or eni-...; one that is gone is a black hole
};

class Plane {
 public:
  Plane() = default;
  Plane(const Plane&) = delete;
  Plane& operator=(const Plane&) = delete;
  Plane(Plane&&) = delete;
  Plane& operator=(Plane&&) = delete;
  virtual ~Plane() = default;

  virtual base::Status add_switch(const PlaneSwitch& vswitch) = 0;
  virtual base::Status add_node(const PlaneNode& node) = 0;
  virtual base::Status remove_node(const std::string& id) = 0;
  // The NIC appears in the node's namespace as a new link that is down and has no address.
  virtual base::Status plug(const std::string& node, const PlaneNic& nic) = 0;
  // The link goes, in whatever namespace it is by then.
  virtual base::Status unplug(const std::string& nic) = 0;
  // The whole new set.
  virtual base::Status set_addresses(const std::string& nic,
                                     const std::vector<base::Prefix>& addresses) = 0;
  // The whole new table.
  virtual base::Status set_routes(const std::vector<PlaneRoute>& routes) = 0;
};

}  // namespace catena::sim
