// AddResult to and from JSON, in every version.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "common/base/fields.h"
#include "common/base/result.h"
#include "common/cni/types.h"
#include "common/cni/version.h"

namespace catena::cni {

// A result in the shape of `version` (its own cniVersion key, where present, wins). kUndecodable
// naming the key's path, below `path`, where the shape is not that of a result.
base::Result<AddResult> result_from_json(const nlohmann::json& json, Version version,
                                         std::string path = {});

// What `version` cannot hold is left out: below 1.1.0 an interface's mtu, socketPath and pciID and
// all of a route but dst and gw. ips[].version is written below 1.0.0.
nlohmann::json result_to_json(const AddResult& result, Version version);

// The members of a "dns" object; those it knows are known to `fields` afterwards.
base::Result<Dns> read_dns(base::Fields& fields);

}  // namespace catena::cni
