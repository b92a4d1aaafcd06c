// Lists in pages: by an opaque NextToken, or by number.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/world/outcome.h"
#include "sim/world/params.h"
#include "sim/world/state.h"

namespace catena::sim {

struct TokenRules {
  std::string_view size_parameter;  // MaxResults, MaxResult
  std::int64_t least;               // smaller sizes count as this
  std::int64_t most;                // larger ones as this
  std::int64_t standard;            // without the parameter
  std::string_view unknown_code;    // for a token that was never given, or for other filters
  std::string_view expired_code;
};

inline constexpr TokenRules kEcsTokens{
    "MaxResults", 10, 500, 10, "InvalidParameter.NextToken", "InvalidParameter.NextToken"};

struct Page {
  std::vector<std::uint64_t> serials;  // the rows of this page
  std::string next_token;              // empty on the last one
  std::int64_t total = 0;
  std::int64_t number = 1;
  std::int64_t size = 10;
};

// `serials` are all rows that match, ascending. A token lives as long as the scene says and fits
// the same filters only. Rows that went meanwhile shift nothing.
Outcome<Page> page_by_token(State& state, const Params& params,
                            const std::vector<std::uint64_t>& serials, const TokenRules& rules);
// PageNumber and PageSize, `most` a page.
Outcome<Page> page_by_number(const Params& params, const std::vector<std::uint64_t>& serials,
                             std::int64_t most);
// By number where the caller gave one and no token, by token otherwise.
Outcome<Page> page_either(State& state, const Params& params,
                          const std::vector<std::uint64_t>& serials, const TokenRules& rules,
                          std::int64_t most_by_number);

}  // namespace catena::sim
