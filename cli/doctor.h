// catena doctor: whether this node can carry pods, and if not, what to do.
#pragma once

#include <optional>

#include "cli/conflist.h"
#include "cli/findings.h"
#include "cli/options.h"
#include "common/base/ip.h"

namespace catena::cli {

// Changes nothing. In the namespace of the calling thread, which should be the node's.
base::Result<Report> doctor(const Options& options);

// The parts of it. `chain`: the conflist in force, where there is one of ours.
Findings examine_forwarding(const Conflist* chain);
Findings examine_forward_policy();
Findings examine_rp_filter(const Options& options);
Findings examine_marks(const Conflist* chain);
// Of shared ENIs; empty where the chain uses none.
Findings examine_source_routing(const Options& options, const Conflist* chain);
// NICs of exclusive ENIs; empty where there are none.
Findings examine_own_nics(const Options& options);
Findings examine_cloud(const Options& options);
Findings examine_store(const Options& options);
Findings examine_agent(const Options& options);
// Also finds the chain.
Findings examine_conflist(const Options& options, std::optional<Conflist>& chain);

}  // namespace catena::cli
