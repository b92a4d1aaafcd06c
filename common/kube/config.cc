#include "common/kube/config.h"

#include <cstdlib>
#include <unistd.h>

namespace catena::kube {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;

// Where kubelet mounts a pod's service account.
constexpr const char* kServiceAccount = "/var/run/secrets/kubernetes.io/serviceaccount";

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

Result<Config> Config::in_cluster() {
  return service_account(environment("KUBERNETES_SERVICE_HOST"),
                         environment("KUBERNETES_SERVICE_PORT"), kServiceAccount);
}

Result<Config> Config::service_account(const std::string& host, const std::string& port,
                                       const std::string& directory) {
  if (host.empty() || port.empty()) {
    return Error(ErrorKind::kNotFound,
                 "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: not in a pod")
        .advice("run in a pod, or give a kubeconfig");
  }
  Config config;
  const bool v6 = host.find(':') != std::string::npos;
  config.server = "https://" + (v6 ? "[" + host + "]" : host) + ":" + port;
  config.token_file = directory + "/token";
  config.authority.file = directory + "/ca.crt";
  for (const std::string& file : {config.token_file, config.authority.file}) {
    if (::access(file.c_str(), R_OK) != 0) {
      return Error::from_errno(errno, "read " + file)
          .advice("the pod needs a service account with automountServiceAccountToken");
    }
  }
  return config;
}

}  // namespace catena::kube
