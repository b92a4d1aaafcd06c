// What the cloud says of this node, without the OpenAPI: metadata service, eni.conf, credentials.
#pragma once

#include <memory>
#include <string>

#include "cli/options.h"
#include "common/base/result.h"
#include "common/cloud/credential_chain.h"
#include "common/cloud/eni_conf.h"
#include "common/cloud/http.h"
#include "common/cloud/metadata.h"

namespace catena::cli {

struct NodeCloud {
  std::unique_ptr<cloud::Transport> transport;
  std::unique_ptr<cloud::Metadata> metadata;  // waits 2.5 s for each item at most
  std::string conf_path;                      // empty: there is no eni.conf
  cloud::EniConf conf;
  std::unique_ptr<cloud::CredentialChain> credentials;
};

// Asks for the region where eni.conf names none. An error is one of eni.conf or the environment.
base::Result<NodeCloud> open_node_cloud(const Options& options);

}  // namespace catena::cli
