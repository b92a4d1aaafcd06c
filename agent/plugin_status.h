// Asking a CNI plugin for STATUS, as a runtime does.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "common/base/result.h"

namespace catena::agent {

// Success when the plugin says so. kNotAvailable with what it said otherwise, and when it does not
// end within `patience`, after which it is killed.
base::Status ask_status(const std::string& program, const std::string& config,
                        const std::vector<std::string>& cni_path,
                        std::chrono::milliseconds patience);

}  // namespace catena::agent
