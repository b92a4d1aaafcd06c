// A node with shared ENIs and a store full of their addresses, for catena-multiip.
#pragma once

#include <cstddef>
#include <memory>

#include "tests/bench/rigs.h"

namespace catena::bench {

// Room for so many pods at once.
std::unique_ptr<Rig> eni_rig(std::size_t pods);

}  // namespace catena::bench
