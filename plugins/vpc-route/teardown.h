// Undoing an ADD, whole or half: the one way it is done by DEL, by the rollback of ADD and by GC.
#pragma once

#include <string>
#include <vector>

#include "common/base/ip.h"
#include "common/base/result.h"
#include "common/cni/types.h"
#include "plugins/vpc-route/settings.h"

namespace catena::vpc_route {

struct Teardown {
  cni::Attachment attachment;
  std::string netns;  // empty or gone: the node's side only
  // What the runtime remembers of the pod's addresses, for a store that has lost its record.
  std::vector<base::IpAddress> remembered;
};

// Removes the link, the pod's entries in the firewall, its rules in the sandbox, and frees its
// addresses last, so that nobody else gets them before they are out of use. Goes on after a failure
// and reports all; what is gone already is no failure. Appends to `notices` what the admin should
// read.
base::Status tear_down(const Settings& settings, const Teardown& what,
                       std::vector<std::string>& notices);

}  // namespace catena::vpc_route
