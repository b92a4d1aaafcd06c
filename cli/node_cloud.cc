#include "cli/node_cloud.h"

#include <unistd.h>

#include "common/cloud/curl_transport.h"
#include "common/cloud/endpoint.h"
#include "common/cloud/environment.h"
#include "common/cloud/pace.h"

namespace catena::cli {
namespace {

constexpr const char* kEniConf = "/etc/eni/eni.json";
// A person waits: the agent's own patience is longer.
constexpr std::chrono::milliseconds kMetadataBudget{2'500};
constexpr std::chrono::milliseconds kMetadataExchange{2'000};

}  // namespace

base::Result<NodeCloud> open_node_cloud(const Options& options) {
  NodeCloud node;
  node.conf_path = options.eni_conf;
  if (node.conf_path.empty() && ::access(kEniConf, F_OK) == 0) {
    node.conf_path = kEniConf;
  }
  if (!node.conf_path.empty()) {
    node.conf = TRY(cloud::read_eni_conf(node.conf_path));
  }
  const cloud::Environment environment = cloud::process_environment();
  cloud::MetadataOptions metadata = TRY(cloud::metadata_options(environment));
  metadata.budget = kMetadataBudget;
  metadata.exchange_timeout = kMetadataExchange;
  node.transport = cloud::make_curl_transport(cloud::curl_options_from_environment());
  node.metadata = std::make_unique<cloud::Metadata>(*node.transport, cloud::real_pace(), metadata);
  const auto region = node.conf.region.empty() ? node.metadata->region()
                                               : base::Result<std::string>(node.conf.region);
  const cloud::Endpoints endpoints =
      TRY(cloud::endpoints_from_environment(region.ok() ? *region : std::string()));
  cloud::CredentialOptions credentials = cloud::credential_options_of(node.conf);
  // Without a region the central one serves.
  if (region.ok()) {
    credentials.sts_url = endpoints.url_of(cloud::Product::kSts);
  }
  node.credentials = cloud::make_credential_source(credentials, environment, *node.transport,
                                                   cloud::real_pace(), *node.metadata);
  return node;
}

}  // namespace catena::cli
