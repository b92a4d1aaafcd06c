// Pods with an ENI of their own, in front of pods that share one or have a route: what the tests of
// catena-eni's chains share.
#pragma once

#include <memory>
#include <string>

#include "tests/chain/shared_enis.h"

namespace catena::test {

// Machines with so many ENIs, of two addresses each, in a cloud without waits to speak of.
json own_eni_scene(int machines, int enis);

// catena-eni for pods that ask, as it stands first in a chain. `overrides` are merged over it.
json eni_plugin(const SimNode& node, const json& overrides = json::object());
// The node's chain: catena-eni, then `next` (null: nothing), with an eni.conf of both families.
void install_own_enis(const SimNode& node, const json& next,
                      const json& overrides = json::object());

// What a runtime hands over for a pod that asks.
PodOptions asking();
std::unique_ptr<Pod> start_asking(const SimNode& node);

// By the kernel, of the node and of a pod: "eth0 00:16:3e:...", one line a NIC of the cloud.
std::string nics_in(const ScratchNetNs& netns);

}  // namespace catena::test
