// The kinds of credentials, each a function that looks whether its kind is there.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/cloud/credentials.h"
#include "common/cloud/environment.h"
#include "common/cloud/http.h"
#include "common/cloud/metadata.h"
#include "common/cloud/pace.h"

namespace catena::cloud {

// Credentials, or in a few words why there are none of this kind ("... is not set").
struct Reading {
  std::optional<Credentials> credentials;
  std::string why_not;
  bool for_now = false;  // nobody answered: a later look may find some

  static Reading absent(std::string why) { return {std::nullopt, std::move(why), false}; }
  static Reading found(Credentials found) { return {std::move(found), {}, false}; }
};

struct CredentialKind {
  std::string name;
  // What is there but broken is an error that names the file or variable and never a secret.
  std::function<base::Result<Reading>()> read;
  // What it reads: a change of one of them makes the chain read anew.
  std::vector<std::string> files;
  // How long before their expiration a new set is looked for.
  std::chrono::seconds early{600};
  // Somebody else replaces the set at any time, perhaps while it is read.
  bool rotates = false;
};

// Keys given in a configuration; `name` says which one. Nothing: not given.
CredentialKind static_keys(std::string name, std::optional<Credentials> keys);
// An id and a secret in a file each, as the add-on's Secret is mounted.
CredentialKind key_files(std::string id_path, std::string secret_path, Pace& pace);
// ALIBABA_CLOUD_ACCESS_KEY_ID, _ACCESS_KEY_SECRET, _SECURITY_TOKEN, or ALIBABACLOUD_* alike, or
// ALICLOUD_ACCESS_KEY, ALICLOUD_SECRET_KEY, ALICLOUD_ACCESS_KEY_STS_TOKEN.
CredentialKind environment_keys(Environment environment);
// ALIBABA_CLOUD_ROLE_ARN, _OIDC_PROVIDER_ARN, _OIDC_TOKEN_FILE, _ROLE_SESSION_NAME: AssumeRole with
// the token, which is read anew each time. `url` is STS's.
CredentialKind oidc_role(Environment environment, std::string url, Transport& transport,
                         Pace& pace);
// The encrypted token file of an ACK add-on (addon_token.h).
CredentialKind addon_token_file(std::string path);
// ~/.aliyun/config.json: modes AK, StsToken, EcsRamRole, OIDC.
CredentialKind cli_profile(Environment environment, std::string sts_url, Transport& transport,
                           Pace& pace, Metadata& metadata);
// ~/.alibabacloud/credentials: types access_key, sts, ecs_ram_role, oidc_role_arn.
CredentialKind ini_profile(Environment environment, std::string sts_url, Transport& transport,
                           Pace& pace, Metadata& metadata);
// The RAM role of the instance; ALIBABA_CLOUD_ECS_METADATA names it, _ECS_METADATA_DISABLED.
CredentialKind ram_role(Environment environment, Metadata& metadata);
// ALIBABA_CLOUD_CREDENTIALS_URI: GET, answers as the metadata service does.
CredentialKind credentials_uri(Environment environment, Transport& transport, Pace& pace);

}  // namespace catena::cloud
