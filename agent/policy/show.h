// What an admin asks about policies: the duties policy.explain and policy.show.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "agent/policy/enforcer.h"
#include "agent/registry.h"
#include "common/base/fields.h"
#include "common/base/result.h"

namespace catena::agent {

// {"source":END,"destination":END,"protocol":"TCP"|"UDP"|"SCTP","port":N}; an END is
// "namespace/pod" or an address. What netpol::to_json() says, and the same for people as "text".
base::Result<nlohmann::json> explain_policy(const Cluster& cluster, base::Fields& args);
// {"pod":"namespace/name","containerID":ID,"ifname":NAME}, the last two perhaps left out: policies
// that select a pod of this node, and what of its rules the kernel has otherwise.
base::Result<nlohmann::json> show_policy(Enforcer& enforcer, base::Fields& args);

// The same without a daemon, as of the last snapshot.
base::Result<nlohmann::json> answer_policy_explain(LocalDuty& duty, base::Fields& args);
base::Result<nlohmann::json> answer_policy_show(LocalDuty& duty, base::Fields& args);

}  // namespace catena::agent
