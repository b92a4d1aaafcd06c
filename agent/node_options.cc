#include "agent/node_options.h"

#include <array>
#include <cstdlib>
#include <unistd.h>

#include "agent/api.h"

namespace catena::agent {
namespace {

std::string node_name_of(const std::string& given) {
  if (!given.empty()) {
    return given;
  }
  if (const char* name = std::getenv("NODE_NAME"); name != nullptr && *name != '\0') {
    return name;
  }
  std::array<char, 256> host{};
  (void)::gethostname(host.data(), host.size() - 1);
  return host.data();
}

}  // namespace

void add_node_options(cxxopts::OptionAdder&& add, const std::string& api) {
  add("state-dir", "the store", cxxopts::value<std::string>()->default_value("/var/lib/catena"))(
      "eni-conf", "eni.conf; without this /etc/eni/eni.json where that is there",
      cxxopts::value<std::string>()->default_value(""))(
      "cluster", "tag of this cluster's ENIs; CATENA_CLUSTER, then 'default'",
      cxxopts::value<std::string>()->default_value(""))(
      "api", "the API server: auto, in-cluster, none, or a kubeconfig's path",
      cxxopts::value<std::string>()->default_value(api))(
      "node-name", "of this node at the API server; NODE_NAME, then the host's name",
      cxxopts::value<std::string>()->default_value(""));
}

base::Result<NodeOptions> node_options_of(const cxxopts::ParseResult& parsed) {
  NodeOptions options;
  options.state_dir = parsed["state-dir"].as<std::string>();
  options.eni_conf = parsed["eni-conf"].as<std::string>();
  options.cluster = parsed["cluster"].as<std::string>();
  options.api = TRY(resolve_api(parsed["api"].as<std::string>()));
  options.node_name = node_name_of(parsed["node-name"].as<std::string>());
  if (!options.state_dir.starts_with('/')) {
    return base::Error(base::ErrorKind::kBadConfig,
                       "--state-dir '" + options.state_dir + "', expected an absolute path");
  }
  return options;
}

}  // namespace catena::agent
