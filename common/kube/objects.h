// What every Kubernetes object says of itself; looked up without a throw.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "common/base/json_path.h"

namespace catena::kube {

using base::find_at;
using base::text_at;

const std::string& name_of(const nlohmann::json& object);
// Empty for what belongs to the cluster.
const std::string& namespace_of(const nlohmann::json& object);
const std::string& uid_of(const nlohmann::json& object);
const std::string& resource_version_of(const nlohmann::json& object);

}  // namespace catena::kube
