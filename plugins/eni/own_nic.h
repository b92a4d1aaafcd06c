// From what the store says to what common/podnic makes of it.
#pragma once

#include <string>
#include <vector>

#include "common/attachment/teardown.h"
#include "common/base/result.h"
#include "common/cni/plugin.h"
#include "common/ipam/store.h"
#include "common/netlink/netns.h"
#include "common/podlink/node.h"
#include "common/podnic/host_peer.h"
#include "common/podnic/pod_nic.h"
#include "plugins/eni/settings.h"

namespace catena::eni {

podnic::PodNic pod_nic_of(const cni::Request& request, const Settings& settings,
                          const ipam::Eni& eni, const podlink::Node& node);
podnic::HostPeer host_peer_of(const Settings& settings, const ipam::Eni& eni,
                              const podlink::Node& node);

// While the NIC is down: with closedUntilPolicy it will carry nothing until a policy plugin enters
// it. Without, whatever guard an earlier pod of the sandbox left lets it pass.
base::Status guard_nic(const netlink::NetNs& sandbox, const Settings& settings,
                       const podnic::PodNic& nic);
// A sentence for each thing that is not as guard_nic() made it. Changes nothing.
base::Result<std::vector<std::string>> guard_differences(const netlink::NetNs& sandbox,
                                                         const Settings& settings,
                                                         const podnic::PodNic& nic);

// Of DEL, GC and the rollback of ADD: the NIC is home before the ENI is free.
attachment::TeardownPlan teardown_plan(const Settings& settings, ipam::Store& store);

}  // namespace catena::eni
