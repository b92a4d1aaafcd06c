// The routes of a pod's NIC. Internal to this folder.
#pragma once

#include <vector>

#include "common/podnic/pod_nic.h"

namespace catena::podnic {

struct FamilyOfNic {
  base::Family family;
  bool first_link;  // the pod has no default route of the family yet
};

struct NicRoutes {
  std::vector<netlink::Route> routes;
  std::vector<netlink::Rule> rules;
  std::vector<cni::RouteConfig> visible;  // of the main table, gateway routes excepted
};
base::Result<NicRoutes> routes_of(const netlink::Link& link, const PodNic& nic,
                                  const FamilyOfNic& wanted);

}  // namespace catena::podnic
