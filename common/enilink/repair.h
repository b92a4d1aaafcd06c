// Comparing what the node's source routing should be with what the kernel has, and mending it.
#pragma once

#include <string>
#include <vector>

#include "common/base/error.h"
#include "common/base/result.h"
#include "common/enilink/routing.h"

namespace catena::enilink {

// All that should be there, or a part of it: what is not listed is not looked at. by_main of a pod
// whose ENI is listed need not be right: is_primary is asked.
struct State {
  Routing routing;
  std::vector<HostEni> enis;
  std::vector<PodPath> pods;
};

// A sentence for each difference; empty when all is in place. Changes nothing. For CHECK, doctor
// and repair: dumps rules and the tables of ours, and what is wrong with many pods is told of each.
base::Result<std::vector<std::string>> differences(const Kernel& kernel, const State& state);

struct Repair {
  std::vector<std::string> lost;    // what was not as it should be, a sentence each
  std::vector<base::Error> failed;  // what could not be mended now
};

// Mends every difference. An ENI whose link is not there is a failure, and not waited for; pods
// whose host link is gone or down are left alone: they are being made or taken down. Idempotent.
base::Result<Repair> repair_all(const Kernel& kernel, const State& state);

}  // namespace catena::enilink
