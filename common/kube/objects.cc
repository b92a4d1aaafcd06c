#include "common/kube/objects.h"

#include <nlohmann/json.hpp>

namespace catena::kube {

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

const std::string& name_of(const Json& object) { return text_at(object, {"metadata", "name"}); }

const std::string& namespace_of(const Json& object) {
  return text_at(object, {"metadata", "namespace"});
}

const std::string& uid_of(const Json& object) { return text_at(object, {"metadata", "uid"}); }

const std::string& resource_version_of(const Json& object) {
  return text_at(object, {"metadata", "resourceVersion"});
}

}  // namespace catena::kube
