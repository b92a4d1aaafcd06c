// What the node has of pods that have a NIC of their own, compared with what their ADDs made, and
// mended.
#pragma once

#include <vector>

#include "common/base/result.h"
#include "common/cni/types.h"
#include "common/enilink/repair.h"
#include "common/firewall/marks.h"
#include "common/podlink/node.h"

namespace catena::podnic {

// A pod that has an ENI.
struct OwnNic {
  cni::Attachment attachment;
  std::vector<base::IpAddress> addresses;
  int slot = 0;  // of its ENI
};

struct OwnNics {
  podlink::Node node;
  firewall::MarkSettings marks;
  std::vector<OwnNic> pods;
};

// Rules, host routes, permanent neighbours, marks and chains of these pods' links to the node. A
// pod whose link is gone or down is left alone: it is being made or taken down, or has none.
// Guard and masquerade are not of this room. Idempotent.
base::Result<enilink::Repair> repair_host_peers(const enilink::Kernel& kernel,
                                                const OwnNics& wanted);

}  // namespace catena::podnic
