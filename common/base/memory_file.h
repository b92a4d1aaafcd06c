// A file that lives in memory.
#pragma once

#include <string_view>

#include "common/base/result.h"
#include "common/base/unique_fd.h"

namespace catena::base {

// Without a name in any directory; holds `data`, to be read from its beginning. `name` is for
// /proc/PID/fd.
Result<UniqueFd> memory_file(const char* name, std::string_view data);

}  // namespace catena::base
