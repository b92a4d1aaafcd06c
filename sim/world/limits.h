// Rules for names, tags and security groups.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/world/outcome.h"
#include "sim/world/params.h"
#include "sim/world/state.h"

namespace catena::sim {

// 2 to 128 characters: a letter first, then letters, digits, "." ":" "_" "-". Empty is allowed.
Check check_name(std::string_view parameter, const std::string& name);
// 2 to `most` characters, not a URL. Empty is allowed.
Check check_description(const std::string& text, std::size_t most);
// Tag.N.Key and Tag.N.Value, checked.
Outcome<Tags> tags_of(const State& state, const Params& params);
// Whether `has` holds all of Tag.N (a key alone matches any value).
bool has_tags(const Tags& has, const Params& params);
// The groups exist in `vpc`, are few enough, and take `addresses` more private addresses each.
Check check_groups(const State& state, const std::vector<std::string>& groups,
                   const std::string& vpc, std::int64_t addresses);

}  // namespace catena::sim
