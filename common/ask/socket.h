// The agent's socket, seen by one who asks.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/result.h"

namespace catena::ask {

// One line each way; both without their newline. Nothing when nobody listens at `path`, or the one
// who did ended before the answer was whole. kTryAgain when the time is over, kIo when the listener
// is not root's.
base::Result<std::optional<std::string>> exchange(const std::string& path, std::string_view line,
                                                  const base::Deadline& deadline);

}  // namespace catena::ask
