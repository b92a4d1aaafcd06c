// aliyun/eni in the node's status: for nodes without kubelet's device plugin (agent/devices).
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "agent/registry.h"
#include "common/base/fields.h"
#include "common/base/result.h"

namespace catena::agent {

// {"capacity":N}: the node's status says so many, capacity and allocatable, or {"withdraw":true}:
// none at all. Changes nothing where it is so already.
base::Result<nlohmann::json> answer_node_capacity(LocalDuty& duty, base::Fields& args);

}  // namespace catena::agent
