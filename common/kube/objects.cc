#include "common/kube/objects.h"

#include <nlohmann/json.hpp>

namespace catena::kube {

using Json = nlohmann::json;

const std::string& name_of(const Json& object) { return text_at(object, {"metadata", "name"}); }

const std::string& namespace_of(const Json& object) {
  return text_at(object, {"metadata", "namespace"});
}

const std::string& uid_of(const Json& object) { return text_at(object, {"metadata", "uid"}); }

const std::string& resource_version_of(const Json& object) {
  return text_at(object, {"metadata", "resourceVersion"});
}

}  // namespace catena::kube
