// GC: what no valid attachment owns any more.
#pragma once

#include <functional>
#include <vector>

#include "common/attachment/teardown.h"
#include "common/base/result.h"
#include "common/cni/plugin.h"
#include "common/ipam/store.h"

namespace catena::attachment {

struct CollectPlan {
  TeardownPlan teardown;
  // Where the host routes of this network's pods are, and which of its addresses may be theirs: for
  // finding links that the store has no owner for.
  std::uint32_t table = 0;
  std::function<bool(const base::IpAddress&, const std::vector<ipam::Record>&)> may_be_ours;
};

// Takes down what no valid attachment owns (without a list of them, what is provably dead: sandbox
// and link both gone), links and guard entries without an owner, and ends quarantines of addresses
// that the kernel no longer knows.
base::Status collect(const cni::Request& request, const CollectPlan& plan);

}  // namespace catena::attachment
