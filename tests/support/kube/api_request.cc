#include "tests/support/kube/api_request.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/base/text.h"

namespace catena::test {
namespace {

using Json = nlohmann::json;

Json group_of(std::string_view group_version) {
  const std::size_t slash = group_version.find('/');
  const Json version{{"groupVersion", group_version}, {"version", group_version.substr(slash + 1)}};
  Json group;
  group["name"] = group_version.substr(0, slash);
  group["versions"] = Json::array({version});
  group["preferredVersion"] = version;
  return group;
}

Json groups() {
  std::set<std::string_view> known;
  Json list = Json::array();
  for (const Kind& kind : all_kinds()) {
    if (kind.group_version != "v1" && known.insert(kind.group_version).second) {
      list.push_back(group_of(kind.group_version));
    }
  }
  Json answer;
  answer["kind"] = "APIGroupList";
  answer["apiVersion"] = "v1";
  answer["groups"] = std::move(list);
  return answer;
}

Json resource_of(const Kind& kind) {
  std::string singular(kind.name);
  std::ranges::transform(singular, singular.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  Json resource;
  resource["name"] = kind.plural;
  resource["singularName"] = singular;
  if (!kind.brief.empty()) {
    resource["shortNames"] = Json::array({kind.brief});
  }
  resource["namespaced"] = kind.namespaced;
  resource["kind"] = kind.name;
  resource["verbs"] = {"create", "delete", "get", "list", "patch", "update", "watch"};
  return resource;
}

Json resources(std::string_view group_version) {
  Json list = Json::array();
  for (const Kind& kind : all_kinds()) {
    if (kind.group_version != group_version) {
      continue;
    }
    list.push_back(resource_of(kind));
    if (kind.has_status) {
      Json status = resource_of(kind);
      status.erase("shortNames");
      status["name"] = std::string(kind.plural) + "/status";
      status["verbs"] = {"get", "patch", "update"};
      list.push_back(std::move(status));
    }
  }
  if (list.empty()) {
    return {};
  }
  Json answer;
  answer["kind"] = "APIResourceList";
  answer["apiVersion"] = "v1";
  answer["groupVersion"] = group_version;
  answer["resources"] = std::move(list);
  return answer;
}

}  // namespace

std::optional<ApiPath> parse_api_path(const std::string& path) {
  std::vector<std::string_view> parts = base::split(path, '/');
  parts.erase(parts.begin());  // before the first slash
  const bool core = !parts.empty() && parts.front() == "api";
  const std::size_t head = core ? 2 : 3;
  if ((!core && parts.front() != "apis") || parts.size() <= head) {
    return std::nullopt;
  }
  const std::string group_version =
      core ? std::string(parts[1]) : std::string(parts[1]) + "/" + std::string(parts[2]);
  parts.erase(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(head));
  ApiPath found;
  // "namespaces/x" alone, or its status, is the namespace itself.
  if (parts.size() > 2 && parts[0] == "namespaces" && parts[2] != "status") {
    found.space = parts[1];
    parts.erase(parts.begin(), parts.begin() + 2);
  }
  found.kind = find_kind_by_plural(group_version, parts[0]);
  if (found.kind == nullptr || parts.size() > 3 ||
      (!found.kind->namespaced && !found.space.empty())) {
    return std::nullopt;
  }
  found.name = parts.size() > 1 ? std::string(parts[1]) : "";
  found.subresource = parts.size() > 2 ? std::string(parts[2]) : "";
  const bool has_subresource =
      found.subresource.empty() || (found.subresource == "status" && found.kind->has_status);
  const bool complete = found.name.empty() || !found.kind->namespaced || !found.space.empty();
  return has_subresource && complete ? std::optional<ApiPath>(found) : std::nullopt;
}

Json discovery(const std::string& path) {
  if (path == "/api") {
    Json answer;
    answer["kind"] = "APIVersions";
    answer["versions"] = Json::array({"v1"});
    return answer;
  }
  if (path == "/apis") {
    return groups();
  }
  if (path == "/version") {
    return Json{{"major", "1"}, {"minor", "30"}, {"gitVersion", "v1.30.0-catena-test"}};
  }
  if (path == "/api/v1") {
    return resources("v1");
  }
  return path.starts_with("/apis/") ? resources(std::string_view(path).substr(6)) : Json();
}

}  // namespace catena::test
