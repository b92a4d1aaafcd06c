// The API server as --api names it, for duties that ask it once.
#pragma once

#include <string>

#include "agent/duty.h"
#include "common/base/result.h"
#include "common/kube/client.h"
#include "common/kube/config.h"

namespace catena::agent {

inline constexpr const char* kApiVariable = "CATENA_API";
// kubelet's own, which may read this node's pods.
inline constexpr const char* kKubeletConf = "/etc/kubernetes/kubelet.conf";

// "in-cluster", "none" or an absolute path as they are. For "auto" the first that is there of:
// $CATENA_API, a service account's environment, kubelet's kubeconfig; else "none". kBadConfig for
// anything else.
base::Result<std::string> resolve_api(const std::string& given);

// `api` as resolve_api() gave it. kBadConfig for "none", saying how it is told.
base::Result<kube::Config> api_config(const std::string& api);

// A client whose calls take no longer than `budget`.
base::Result<kube::Client> open_api(const std::string& api, Millis budget);

}  // namespace catena::agent
