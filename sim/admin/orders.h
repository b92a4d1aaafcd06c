// The admin orders about what stands in front of the world.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "common/base/fields.h"
#include "sim/gateway.h"
#include "sim/metadata_service.h"

namespace catena::sim {

// Each reads its keys, leaves none unread, and answers an object.
using AdminAnswer = base::Result<nlohmann::json>;

AdminAnswer add_fault(Gateway& gateway, base::Fields& fields);
AdminAnswer list_faults(const Gateway& gateway);
AdminAnswer set_rates(Gateway& gateway, base::Fields& fields);
AdminAnswer set_gateway(Gateway& gateway, base::Fields& fields);
AdminAnswer set_metadata(MetadataService& metadata, base::Fields& fields);

AdminAnswer add_key(Gateway& gateway, base::Fields& fields, const std::string& account);
AdminAnswer change_key(Gateway& gateway, base::Fields& fields);
AdminAnswer add_role(Gateway& gateway, base::Fields& fields, const std::string& account);
AdminAnswer set_policy(Gateway& gateway, base::Fields& fields);
AdminAnswer set_rotation(Gateway& gateway, base::Fields& fields);
AdminAnswer issue_key(Gateway& gateway, base::Fields& fields, Time now);

nlohmann::json counts_of(const Gateway& gateway);
nlohmann::json keys_of(const Gateway& gateway);

}  // namespace catena::sim
