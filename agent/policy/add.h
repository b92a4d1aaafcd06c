// The duties policy.add and policy.sync without a daemon: from the last snapshot, records, and one
// look-up of the pod.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "agent/policy/enforcer.h"
#include "agent/registry.h"
#include "common/base/fields.h"
#include "common/base/result.h"

namespace catena::agent {

// {fields of netpol::Record, "onUnknown":"deny"|"allow",
// "backend":"auto"|"nftables"|"iptables"}: a pod whose record is written. Its rules
// and its entries of the guard are in the kernel when this answers {"known":b,
// "ingress":"open"|"isolated","egress":...,"policies":n}. Not known: nobody could say which
// policies select it, so it is closed, or open where onUnknown says so.
// kNotAvailable where nobody knows the cluster's policies: nothing was written.
base::Result<nlohmann::json> answer_policy_add(LocalDuty& duty, base::Fields& args);
// {"backend":...}: the kernel's rules of all pods as the snapshot has them;
// {"pods":n,"policies":n}.
base::Result<nlohmann::json> answer_policy_sync(LocalDuty& duty, base::Fields& args);

// What the daemon's answers share with these.
struct PolicyRequest {
  netpol::Record record;
  firewall::Backend backend = firewall::Backend::kAuto;  // the daemon has its own
};
base::Result<PolicyRequest> read_policy_request(base::Fields& args);
nlohmann::json to_json(const Verdict& verdict);

}  // namespace catena::agent
