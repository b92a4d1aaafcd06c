// What the source routing of this node's shared ENIs should be, by the store and the conflist, and
// mending it once; the daemon mends it whenever the kernel says that something is lost.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "agent/registry.h"
#include "common/base/fields.h"
#include "common/base/result.h"
#include "common/enilink/repair.h"
#include "common/ipam/store.h"

namespace catena::agent {

// What catena-multiip is told in the conflist, as far as routing depends on it.
struct RoutingKeys {
  enilink::WantedShape shape = enilink::WantedShape::kAuto;
  firewall::MarkSettings marks;
  std::vector<base::Prefix> host_stack;
  std::vector<base::Family> families{base::Family::kIpv4};
  std::uint32_t mtu = 0;       // bytes; 0: as the ENIs have it
  std::string node_interface;  // empty: the one of the default route
};
// Nothing where the conflist has no such plugin.
base::Result<std::optional<RoutingKeys>> read_routing_keys(const std::string& conflist);

// Changes nothing. Of the calling thread's network namespace. nothing_wanted() while no ENI serves
// pods.
base::Result<enilink::State> wanted_state(ipam::Store& store, const RoutingKeys& keys);

// As catena-multiip would choose now. Changes nothing.
base::Result<enilink::Shape> shape_in_force(const RoutingKeys& keys);

// Of a node without shared ENIs.
enilink::State nothing_wanted();

// {"conflist":FILE}
base::Result<nlohmann::json> answer_repair(LocalDuty& duty, base::Fields& args);

}  // namespace catena::agent
