// From a pod's addresses to what common/enilink makes of them.
#pragma once

#include <optional>
#include <vector>

#include "common/attachment/teardown.h"
#include "common/base/result.h"
#include "common/enilink/routing.h"
#include "common/firewall/table.h"
#include "common/ipam/store.h"
#include "common/netlink/socket.h"
#include "common/podlink/pod_link.h"
#include "plugins/multiip/settings.h"

namespace catena::multiip {

// Both must outlive what is returned.
enilink::Kernel kernel_of(netlink::Socket& node, std::optional<firewall::Table>& table);

enilink::HostEni host_eni(const ipam::Eni& eni, const Settings& settings);

// The shape that is in force, or would be; changes nothing.
base::Result<enilink::Shape> shape_in_force(const Settings& settings,
                                            std::optional<firewall::Table>& table);

// What choosing a pod's ENI takes.
struct PodOnEni {
  cni::Attachment attachment;
  std::vector<base::IpAddress> addresses;
  int slot = 0;
  bool by_main = false;  // enilink::EniLink::is_primary
};
std::vector<enilink::PodPath> paths_of(const PodOnEni& pod, const podlink::Node& nic);

// Of DEL, GC and the rollback of ADD.
attachment::TeardownPlan teardown_plan(const Settings& settings, ipam::Store& store);

}  // namespace catena::multiip
