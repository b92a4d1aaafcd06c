// What lies beyond the VPC: the cloud's own services and the internet, in one namespace that is
// joined to that of the simulated VPC.
#pragma once

#include <string>

#include "common/base/ip.h"
#include "tests/support/scratch_netns.h"

namespace catena::test {

class BeyondVpc {
 public:
  // `vpc_netns`: the VPC's own namespace. The VPC forgets it when it ends.
  explicit BeyondVpc(const ScratchNetNs& vpc_netns);

  const ScratchNetNs& netns() const { return netns_; }
  // With which address it calls nodes and pods: at first as a stranger of each family.
  void call_as(const base::IpAddress& address) const;
  // One of 100.64.0.0/10, as the cloud's load balancers have them too.
  static base::IpAddress service();
  // One of somebody on the internet.
  static base::IpAddress stranger(base::Family family);

 private:
  ScratchNetNs netns_;
};

}  // namespace catena::test
