// The STS calls: temporary keys for roles.
#pragma once

#include <variant>

#include <nlohmann/json_fwd.hpp>

#include "sim/gateway/accounts.h"
#include "sim/gateway/call.h"

namespace catena::sim {

// `caller` is null for AssumeRoleWithOIDC, which nobody signs.
std::variant<nlohmann::json, Denial> perform_sts(Accounts& accounts, const Call& call,
                                                 const AccessKey* caller, Time now);

// A service account token as RRSA mounts it: a JWT whose signature the simulated STS does not
// check.
std::string make_oidc_token(const std::string& issuer, const std::string& subject, Time expires);

}  // namespace catena::sim
