// The kinds that the test API server knows.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace catena::test {

struct Kind {
  std::string_view group_version;
  std::string_view name;    // "Pod"
  std::string_view plural;  // "pods"
  std::string_view brief;   // "po"; empty: none
  bool namespaced = true;
  bool has_status = true;  // as a subresource
};

std::span<const Kind> all_kinds();
// Null where there is none.
const Kind* find_kind_by_plural(std::string_view group_version, std::string_view plural);
const Kind* find_kind_by_name(std::string_view group_version, std::string_view name);

}  // namespace catena::test
