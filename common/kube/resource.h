// Which objects of the API server are meant, and under which path it keeps them.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace catena::kube {

struct Resource {
  std::string group_version;  // "v1", "networking.k8s.io/v1"
  std::string plural;         // "pods"
};

inline const Resource kPods{"v1", "pods"};
inline const Resource kNodes{"v1", "nodes"};
inline const Resource kNamespaces{"v1", "namespaces"};
inline const Resource kNetworkPolicies{"networking.k8s.io/v1", "networkpolicies"};

// One object.
struct Reference {
  Resource resource;
  std::string space;  // the namespace; empty for what belongs to the cluster
  std::string name;
};

// Some of a kind.
struct Selection {
  Resource resource;
  std::string space;   // one namespace; empty: all of them
  std::string fields;  // "spec.nodeName=worker-1"; empty: any
  std::string labels;  // "app in (a,b),!canary"; empty: any
};

using Query = std::vector<std::pair<std::string_view, std::string>>;

// `subresource` may be empty.
std::string path_of(const Reference& object, std::string_view subresource = {});
// With the selectors and then `more`, values encoded; empty values are left out.
std::string path_of(const Selection& selection, const Query& more);

}  // namespace catena::kube
