// Roles, as kinds of their own and as what a profile may name.
#pragma once

#include <chrono>
#include <string>

#include "common/base/result.h"
#include "common/cloud/credential_kinds.h"
#include "common/cloud/credentials.h"
#include "common/cloud/metadata.h"

namespace catena::cloud {

struct OidcRole {
  std::string role_arn;
  std::string provider_arn;
  std::string token_file;
  std::string session_name;  // empty: "catena"
  std::chrono::seconds duration{3600};
};

// Reads the token file anew.
base::Result<Credentials> credentials_of_oidc_role(const OidcRole& role, const std::string& sts_url,
                                                   Transport& transport, Pace& pace);
// `role` empty: the one that the instance has.
base::Result<Reading> credentials_of_ram_role(const std::string& role, Metadata& metadata);

}  // namespace catena::cloud
