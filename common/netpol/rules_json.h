// Rules as JSON, for a back end that is a program of its own:
//   {"sets": {NAME: {"kind": "addresses"|"networks"|"endpoints", "family": 4|6, "members": [...]}},
//    "chains": {NAME: [{"protocol": 6, "ports": [80, 90], "peers": NAME, "endpoints": NAME}]},
//    "subjects": {ID: {"addresses": [...], "ingress": [CHAIN...], "egress": [CHAIN...]}}}
// Members are ADDRESS, [FIRST, LAST] or [ADDRESS, PROTOCOL, PORT]. What is not there does not
// matter for a rule; a direction that is not there is not isolated.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "common/base/result.h"
#include "common/netpol/rules.h"

namespace catena::netpol {

nlohmann::json to_json(const Rules& rules);
// kUndecodable, naming the field, also where a name leads to nothing.
base::Result<Rules> rules_of(const nlohmann::json& json);

}  // namespace catena::netpol
