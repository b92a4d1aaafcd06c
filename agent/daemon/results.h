// What duties brought, for the log.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "common/base/log.h"

namespace catena::agent {

// Each of the duty's result. One line where something changed, or for each thing that did.
void tell_kept(const nlohmann::json& result, base::Log& log);       // pool.keep
void tell_kept_enis(const nlohmann::json& result, base::Log& log);  // eni.keep
void tell_synced(const nlohmann::json& result, base::Log& log);     // pool.sync
void tell_collected(const nlohmann::json& result, base::Log& log);  // gc

}  // namespace catena::agent
