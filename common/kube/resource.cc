#include "common/kube/resource.h"

#include <curl/curl.h>
#include <memory>

namespace catena::kube {
namespace {

struct CurlFree {
  void operator()(char* text) const { ::curl_free(text); }
};

std::string encoded(const std::string& text) {
  const std::unique_ptr<char, CurlFree> escaped(
      ::curl_easy_escape(nullptr, text.c_str(), static_cast<int>(text.size())));
  return escaped == nullptr ? text : escaped.get();
}

std::string collection(const Resource& resource, const std::string& space) {
  const bool core = resource.group_version.find('/') == std::string::npos;
  std::string path = (core ? "/api/" : "/apis/") + resource.group_version;
  if (!space.empty()) {
    path += "/namespaces/" + encoded(space);
  }
  return path + "/" + resource.plural;
}

}  // namespace

std::string path_of(const Reference& object, std::string_view subresource) {
  std::string path = collection(object.resource, object.space) + "/" + encoded(object.name);
  if (!subresource.empty()) {
    path.append("/").append(subresource);
  }
  return path;
}

std::string path_of(const Selection& selection, const Query& more) {
  Query query{{"fieldSelector", selection.fields}, {"labelSelector", selection.labels}};
  query.insert(query.end(), more.begin(), more.end());
  std::string path = collection(selection.resource, selection.space);
  char separator = '?';
  for (const auto& [name, value] : query) {
    if (!value.empty()) {
      path += separator;
      path.append(name).append("=").append(encoded(value));
      separator = '&';
    }
  }
  return path;
}

}  // namespace catena::kube
