// Unix sockets by their path, non-blocking.
#pragma once

#include <string>

#include "common/base/result.h"
#include "common/base/unique_fd.h"

namespace catena::agent {

// Replaces what is at `path`, which is absolute; mode 0600.
base::Result<base::UniqueFd> listen_at(const std::string& path, int backlog);
// kNotFound when there is nothing, kTryAgain when nobody listens there (any more, or yet).
base::Result<base::UniqueFd> connect_to(const std::string& path);

}  // namespace catena::agent
