// Pods on shared ENIs of a small simulated machine: what the tests of catena-multiip's chain share.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/ip.h"
#include "tests/chain/sim_nodes.h"

namespace catena::test {

// The primary NIC and two ENIs of six addresses each.
inline constexpr std::size_t kPodsANode = 12;

// Machines of that type, each with a primary NIC in a vSwitch of its own. ENIs come from the first
// one, so that they share the primary NIC's vSwitch on one machine and not on the other.
json shared_eni_scene(int machines);
// ENIs of both vSwitches, the first one first. `overrides` are merged over it.
json shared_eni_conf(const json& overrides = json::object());

struct Pod {
  ScratchNetNs netns;
  std::vector<base::IpAddress> addresses;

  // Nothing where it has none of the family.
  std::optional<base::IpAddress> address(base::Family family) const;
};
using Pods = std::vector<std::unique_ptr<Pod>>;

// All at once, as kubelet does after a node was drained. Each one's ADD has to succeed.
Pods start_together(const SimNode& node, std::size_t count);
// One after another. Each DEL has to succeed.
void stop(const SimNode& node, const Pods& pods);

// How often the world carried out an action of the OpenAPI.
int carried_out(const SimNodes& nodes, const std::string& action);

}  // namespace catena::test
