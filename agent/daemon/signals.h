// Signals as something a loop can watch.
#pragma once

#include <initializer_list>
#include <optional>

#include "common/base/result.h"
#include "common/base/unique_fd.h"

namespace catena::agent {

// Readable when one of `signals` came; they are blocked from now on. To be called before any thread
// is made, which inherits that.
base::Result<base::UniqueFd> open_signals(std::initializer_list<int> signals);
// The next one that came; nothing when there is none.
std::optional<int> next_signal(const base::UniqueFd& signals);

}  // namespace catena::agent
