#include "sim/world/paging.h"

#include <algorithm>
#include <limits>

#include "sim/world/refusals.h"

namespace catena::sim {
namespace {

constexpr std::int64_t kNoLimit = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kStandardPage = 10;

Refusal bad_token(std::string_view code, std::string_view why) {
  return {400, std::string(code), "The specified NextToken " + std::string(why) + "."};
}

// The serial after which the page begins.
Outcome<std::uint64_t> position(State& state, const Params& params, const TokenRules& rules) {
  const std::string token = params.text("NextToken");
  if (token.empty()) {
    return std::uint64_t{0};
  }
  const auto found = state.listings.find(token);
  if (found == state.listings.end() || found->second.listing != params.fingerprint()) {
    return bad_token(rules.unknown_code, "is not valid");
  }
  if (found->second.expires <= state.now) {
    return bad_token(rules.expired_code, "has expired");
  }
  return found->second.after;
}

std::string hand_out(State& state, const Params& params, std::uint64_t after) {
  // Those that expired long ago need no longer be told from those that never were.
  const Millis life = state.scene.delays.token_life;
  std::erase_if(state.listings,
                [&](const auto& entry) { return entry.second.expires + life < state.now; });
  std::string token = "AAAAA" + state.random.id("") + state.random.id("");
  state.listings[token] = ListingPosition{params.fingerprint(), after, state.now + life};
  return token;
}

}  // namespace

Outcome<Page> page_by_token(State& state, const Params& params,
                            const std::vector<std::uint64_t>& serials, const TokenRules& rules) {
  const std::uint64_t after = TRY(position(state, params, rules));
  Page page;
  page.size = TRY(params.integer(rules.size_parameter, 0, kNoLimit)).value_or(rules.standard);
  page.size = std::clamp(page.size, rules.least, rules.most);
  page.total = static_cast<std::int64_t>(serials.size());
  const auto first = std::upper_bound(serials.begin(), serials.end(), after);
  const auto rows = std::min<std::int64_t>(page.size, serials.end() - first);
  page.serials.assign(first, first + rows);
  if (first + rows != serials.end()) {
    page.next_token = hand_out(state, params, page.serials.back());
  }
  return page;
}

Outcome<Page> page_by_number(const Params& params, const std::vector<std::uint64_t>& serials,
                             std::int64_t most) {
  Page page;
  page.number = TRY(params.integer("PageNumber", 1, kNoLimit)).value_or(1);
  page.size = TRY(params.integer("PageSize", 1, kNoLimit)).value_or(kStandardPage);
  page.size = std::min(page.size, most);
  page.total = static_cast<std::int64_t>(serials.size());
  const std::int64_t first = std::min(page.total, (page.number - 1) * page.size);
  const std::int64_t rows = std::min(page.size, page.total - first);
  page.serials.assign(serials.begin() + first, serials.begin() + first + rows);
  return page;
}

Outcome<Page> page_either(State& state, const Params& params,
                          const std::vector<std::uint64_t>& serials, const TokenRules& rules,
                          std::int64_t most_by_number) {
  const bool by_token = params.has("MaxResults") || params.has("NextToken");
  if (!by_token && (params.has("PageNumber") || params.has("PageSize"))) {
    return page_by_number(params, serials, most_by_number);
  }
  return page_by_token(state, params, serials, rules);
}

}  // namespace catena::sim
