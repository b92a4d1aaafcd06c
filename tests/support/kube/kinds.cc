#include "tests/support/kube/kinds.h"

#include <algorithm>
#include <array>

namespace catena::test {
namespace {

constexpr std::array kKinds{
    Kind{"v1", "Pod", "pods", "po"},
    Kind{"v1", "Node", "nodes", "no", false},
    Kind{"v1", "Namespace", "namespaces", "ns", false},
    Kind{"v1", "Service", "services", "svc"},
    Kind{"v1", "Endpoints", "endpoints", "ep", true, false},
    Kind{"v1", "ConfigMap", "configmaps", "cm", true, false},
    Kind{"v1", "Secret", "secrets", "", true, false},
    Kind{"v1", "ServiceAccount", "serviceaccounts", "sa", true, false},
    Kind{"v1", "Event", "events", "ev", true, false},
    Kind{"apps/v1", "DaemonSet", "daemonsets", "ds"},
    Kind{"apps/v1", "Deployment", "deployments", "deploy"},
    Kind{"networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", "netpol", true, false},
    Kind{"discovery.k8s.io/v1", "EndpointSlice", "endpointslices", "", true, false},
    Kind{"coordination.k8s.io/v1", "Lease", "leases", "", true, false},
};

}  // namespace

std::span<const Kind> all_kinds() { return kKinds; }

const Kind* find_kind_by_plural(std::string_view group_version, std::string_view plural) {
  const auto* found = std::ranges::find_if(kKinds, [&](const Kind& kind) {
    return kind.group_version == group_version && kind.plural == plural;
  });
  return found == kKinds.end() ? nullptr : found;
}

const Kind* find_kind_by_name(std::string_view group_version, std::string_view name) {
  const auto* found = std::ranges::find_if(kKinds, [&](const Kind& kind) {
    return kind.group_version == group_version && kind.name == name;
  });
  return found == kKinds.end() ? nullptr : found;
}

}  // namespace catena::test
