#include "agent/node_options.h"

namespace catena::agent {

void add_node_options(cxxopts::OptionAdder&& add) {
  add("state-dir", "the store", cxxopts::value<std::string>()->default_value("/var/lib/catena"))(
      "eni-conf", "eni.conf; without this /etc/eni/eni.json where that is there",
      cxxopts::value<std::string>()->default_value(""))(
      "cluster", "tag of this cluster's ENIs; CATENA_CLUSTER, then 'default'",
      cxxopts::value<std::string>()->default_value(""));
}

base::Result<NodeOptions> node_options_of(const cxxopts::ParseResult& parsed) {
  NodeOptions options;
  options.state_dir = parsed["state-dir"].as<std::string>();
  options.eni_conf = parsed["eni-conf"].as<std::string>();
  options.cluster = parsed["cluster"].as<std::string>();
  if (!options.state_dir.starts_with('/')) {
    return base::Error(base::ErrorKind::kBadConfig,
                       "--state-dir '" + options.state_dir + "', expected an absolute path");
  }
  return options;
}

}  // namespace catena::agent
