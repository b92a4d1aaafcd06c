// Looking into JSON of strangers, where any part may be missing or of another shape, without a
// throw.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace catena::base {

// The value under `path`; null pointer where any of it is missing or of another shape.
const nlohmann::json* find_at(const nlohmann::json& object,
                              std::initializer_list<std::string_view> path);
// The text under `path`; empty where there is none.
const std::string& text_at(const nlohmann::json& object,
                           std::initializer_list<std::string_view> path);

}  // namespace catena::base
