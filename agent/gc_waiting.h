// Files by which ADDs wait for the pool: a living one holds the lock of its own.
#pragma once

#include <string>
#include <vector>

#include "agent/gc.h"

namespace catena::agent {

// Names of those that nobody holds; removed unless it is a dry run.
std::vector<std::string> sweep_waiting(const std::string& state_dir, const GcOptions& options);

}  // namespace catena::agent
