#include "common/base/json_path.h"

#include <nlohmann/json.hpp>

namespace catena::base {

using Json = nlohmann::json;

const Json* find_at(const Json& object, std::initializer_list<std::string_view> path) {
  const Json* at = &object;
  for (const std::string_view key : path) {
    if (!at->is_object()) {
      return nullptr;
    }
    const auto found = at->find(key);
    if (found == at->end()) {
      return nullptr;
    }
    at = &*found;
  }
  return at;
}

const std::string& text_at(const Json& object, std::initializer_list<std::string_view> path) {
  static const std::string none;
  const Json* found = find_at(object, path);
  return found != nullptr && found->is_string() ? found->get_ref<const std::string&>() : none;
}

}  // namespace catena::base
