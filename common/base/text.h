// Small work on text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace catena::base {

// ASCII only, as JSON keys of the CNI protocol are.
bool equal_ignoring_case(std::string_view a, std::string_view b);

// The candidate that `word` most likely meant: equal but for case, or at most two edits away (one
// for words below six letters). Empty when none is near.
std::string near_miss(std::string_view word, const std::vector<std::string_view>& candidates);

// `parts` with `separator` between them.
std::string join(const std::vector<std::string>& parts, std::string_view separator);

// The pieces of `text` between separators; one empty piece for an empty text.
std::vector<std::string_view> split(std::string_view text, char separator);

// Without spaces, tabs and line ends at either end.
std::string_view trim(std::string_view text);

}  // namespace catena::base
