// ENIs that carry our tags, though the store knows nothing of them: of a reinstalled node, or made
// by a call of which nothing is left.
#pragma once

#include "agent/duties.h"

namespace catena::agent {

// One that is attached to this node is adopted; one that is attached to nothing, and old enough, is
// deleted, if its node is this one or none. Adds to `recovered` what was done and what is left.
base::Status handle_strays(Duty& duty, Recovered& recovered);

}  // namespace catena::agent
