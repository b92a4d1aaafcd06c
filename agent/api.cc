#include "agent/api.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <unistd.h>

namespace catena::agent {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;

constexpr const char* kInCluster = "in-cluster";
constexpr const char* kNone = "none";

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

std::string find_api() {
  const char* const given = std::getenv(kApiVariable);
  if (given != nullptr && *given != '\0' && std::string_view(given) != "auto") {
    return given;
  }
  if (!variable("KUBERNETES_SERVICE_HOST").empty()) {
    return kInCluster;
  }
  return ::access(kKubeletConf, R_OK) == 0 ? kKubeletConf : kNone;
}

}  // namespace

Result<std::string> resolve_api(const std::string& given) {
  std::string api = given == "auto" ? find_api() : given;
  if (api != kInCluster && api != kNone && !api.starts_with('/')) {
    return Error(ErrorKind::kBadConfig,
                 std::string(given == "auto" ? kApiVariable : "--api") + " '" + api +
                     "', expected auto, in-cluster, none, or an absolute path");
  }
  return api;
}

Result<kube::Config> api_config(const std::string& api) {
  if (api == kNone) {
    return Error(ErrorKind::kBadConfig, "no API server is known")
        .advice("name a kubeconfig with --api or in " + std::string(kApiVariable));
  }
  return (api == kInCluster ? kube::Config::in_cluster() : kube::Config::from_kubeconfig(api))
      .context("reach the API server");
}

Result<kube::Client> open_api(const std::string& api, Millis budget) {
  Result<kube::Config> config = api_config(api);
  if (!config.ok()) {
    return std::move(config).error();
  }
  kube::ClientOptions options;
  options.budget = std::min(options.budget, budget);
  options.request_timeout = std::min(options.request_timeout, budget);
  options.connect_timeout = std::min(options.connect_timeout, budget);
  return kube::Client::create(std::move(config).value(), options);
}

}  // namespace catena::agent
