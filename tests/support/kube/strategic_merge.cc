#include "tests/support/kube/strategic_merge.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/kube/objects.h"

namespace catena::test {
namespace {

using Json = nlohmann::json;

struct Work {
  Json* target;
  const Json* patch;
};

// The patchMergeKey of lists in the built-in kinds' API types.
const std::map<std::string, std::string_view, std::less<>>& merge_keys() {
  static const std::map<std::string, std::string_view, std::less<>> keys{
      {"conditions", "type"},     {"addresses", "type"},      {"containers", "name"},
      {"initContainers", "name"}, {"volumes", "name"},        {"env", "name"},
      {"taints", "key"},          {"ownerReferences", "uid"}, {"imagePullSecrets", "name"},
      {"ports", "port"},
  };
  return keys;
}

void merge_set(Json& target, const Json& patch) {
  for (const Json& value : patch) {
    if (std::ranges::find(target, value) == target.end()) {
      target.push_back(value);
    }
  }
}

class Merge {
 public:
  std::string apply(Json& target, const Json& patch) {
    work_.push_back({&target, &patch});
    while (!work_.empty() && failure_.empty()) {
      const Work next = work_.back();
      work_.pop_back();
      merge_object(*next.target, *next.patch);
    }
    return failure_;
  }

 private:
  void merge_object(Json& target, const Json& patch) {
    const std::string& directive = kube::text_at(patch, {"$patch"});
    if (!target.is_object() || directive == "replace") {
      target = Json::object();
    }
    for (const auto& [key, value] : patch.items()) {
      if (key.starts_with("$")) {
        check_directive(key, value);
      } else if (value.is_null()) {
        target.erase(key);
      } else if (value.is_object()) {
        work_.push_back({&target[key], &value});
      } else if (value.is_array() && target.contains(key) && target[key].is_array()) {
        merge_list(key, target[key], value);
      } else {
        target[key] = value;
      }
    }
  }

  void check_directive(const std::string& key, const Json& value) {
    const bool passed_over =
        key.starts_with("$setElementOrder/") || key == "$retainKeys" || value == "replace";
    if (!passed_over) {
      failure_ = "the directive " + key + " is not known here";
    }
  }

  void merge_list(const std::string& name, Json& target, const Json& patch) {
    if (name == "finalizers") {
      merge_set(target, patch);
      return;
    }
    const auto known = merge_keys().find(name);
    if (known == merge_keys().end()) {
      target = patch;
      return;
    }
    const std::string key(known->second);
    std::vector<const Json*> present;
    for (const Json& item : patch) {
      const auto at = find_item(target, key, item);
      if (at == target.end()) {
        if (kube::text_at(item, {"$patch"}) != "delete") {
          target.push_back(item);
        }
      } else if (kube::text_at(item, {"$patch"}) == "delete") {
        target.erase(at);
      } else {
        present.push_back(&item);
      }
    }
    for (const Json* item : present) {
      if (const auto at = find_item(target, key, *item); at != target.end()) {
        work_.push_back({&*at, item});
      }
    }
  }

  static Json::iterator find_item(Json& list, const std::string& key, const Json& like) {
    return std::find_if(list.begin(), list.end(), [&](const Json& item) {
      return item.is_object() && item.contains(key) && like.contains(key) && item[key] == like[key];
    });
  }

  std::vector<Work> work_;
  std::string failure_;
};

}  // namespace

std::string apply_strategic_merge(Json& target, const Json& patch) {
  return Merge().apply(target, patch);
}

}  // namespace catena::test
