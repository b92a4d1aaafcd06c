// Applying a journal's lines to an index.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/ipam/index.h"

namespace catena::ipam {

struct Replayed {
  // What is wrong with the lines, one sentence each.
  std::vector<std::string> damages;
  // Where an unfinished last line begins: its transaction was never acknowledged.
  std::optional<std::uint64_t> torn_at;
  std::uint64_t applied = 0;  // transactions
};

// Applies the good lines of `data`, which lies at `offset` in the journal, on top of what `index`
// has, and moves its position. A position with the number 0 follows no numbers yet.
base::Result<Replayed> replay(std::string_view data, std::uint64_t offset, Index& index);

}  // namespace catena::ipam
