// Keys that lie in configurations, files and the environment.
#include <array>
#include <utility>

#include "common/base/text.h"
#include "common/cloud/addon_token.h"
#include "common/cloud/credential_answer.h"
#include "common/cloud/credential_kinds.h"
#include "common/cloud/secret_file.h"

namespace catena::cloud {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;

struct Variables {
  const char* id;
  const char* secret;
  const char* token;
};
// The vendor's names today, an older spelling, and those of Terway and Terraform.
constexpr std::array<Variables, 3> kVariables{{
    {"ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
     "ALIBABA_CLOUD_SECURITY_TOKEN"},
    {"ALIBABACLOUD_ACCESS_KEY_ID", "ALIBABACLOUD_ACCESS_KEY_SECRET", "ALIBABACLOUD_SECURITY_TOKEN"},
    {"ALICLOUD_ACCESS_KEY", "ALICLOUD_SECRET_KEY", "ALICLOUD_ACCESS_KEY_STS_TOKEN"},
}};

struct KeyPair {
  std::optional<std::string> id;
  std::optional<std::string> secret;
  bool operator==(const KeyPair&) const = default;
};

Result<KeyPair> read_pair(const std::string& id_path, const std::string& secret_path) {
  KeyPair pair;
  pair.id = TRY(read_secret_file(id_path));
  pair.secret = TRY(read_secret_file(secret_path));
  return pair;
}

// A pair of one issue: both files may be replaced between the reading of one and of the other.
Result<KeyPair> read_settled_pair(const std::string& id_path, const std::string& secret_path,
                                  Pace& pace) {
  constexpr int kTries = 5;
  constexpr std::chrono::milliseconds kBetween{100};
  KeyPair pair = TRY(read_pair(id_path, secret_path));
  for (int i = 0; i < kTries; ++i) {
    KeyPair again = TRY(read_pair(id_path, secret_path));
    if (again == pair && again.id.has_value() == again.secret.has_value()) {
      return again;
    }
    pair = std::move(again);
    pace.sleep(kBetween);
  }
  return pair;
}

Result<Reading> from_files(const std::string& id_path, const std::string& secret_path, Pace& pace) {
  const KeyPair pair = TRY(read_settled_pair(id_path, secret_path, pace));
  if (!pair.id && !pair.secret) {
    return Reading::absent("no file " + id_path);
  }
  if (!pair.id || !pair.secret) {
    return Error(ErrorKind::kBadConfig, (pair.id ? id_path : secret_path) + " is there, but no " +
                                            (pair.id ? secret_path : id_path));
  }
  Credentials found{
      std::string(base::trim(*pair.id)), std::string(base::trim(*pair.secret)), {}, {}};
  return Reading::found(TRY(checked(std::move(found)).context(id_path + " and " + secret_path)));
}

Result<Reading> from_environment(const Environment& environment) {
  for (const Variables& names : kVariables) {
    Credentials found{
        environment(names.id), environment(names.secret), environment(names.token), {}};
    if (found.key_id.empty() && found.secret.empty()) {
      continue;
    }
    if (found.key_id.empty() || found.secret.empty()) {
      return Error(ErrorKind::kBadConfig,
                   std::string(found.key_id.empty() ? names.secret : names.id) +
                       " is set, but not " + (found.key_id.empty() ? names.id : names.secret));
    }
    return Reading::found(
        TRY(checked(std::move(found))
                .context(std::string(names.id) + ", " + names.secret + ", " + names.token)));
  }
  return Reading::absent(std::string(kVariables.front().id) + " is not set");
}

Result<Reading> from_addon_file(const std::string& path) {
  const std::optional<std::string> text = TRY(read_secret_file(path));
  if (!text) {
    return Reading::absent("no file " + path);
  }
  return Reading::found(TRY(decrypt_addon_token(*text).context(path)));
}

}  // namespace

CredentialKind static_keys(std::string name, std::optional<Credentials> keys) {
  CredentialKind kind;
  kind.read = [keys = std::move(keys), name]() -> Result<Reading> {
    return keys ? Reading::found(TRY(checked(*keys).context(name))) : Reading::absent("not set");
  };
  kind.name = std::move(name);
  return kind;
}

CredentialKind key_files(std::string id_path, std::string secret_path, Pace& pace) {
  CredentialKind kind;
  kind.name = "key files";
  kind.files = {id_path, secret_path};
  kind.rotates = true;
  kind.read = [id_path = std::move(id_path), secret_path = std::move(secret_path), &pace] {
    return from_files(id_path, secret_path, pace);
  };
  return kind;
}

CredentialKind environment_keys(Environment environment) {
  CredentialKind kind;
  kind.name = "environment";
  kind.read = [environment = std::move(environment)] { return from_environment(environment); };
  return kind;
}

CredentialKind addon_token_file(std::string path) {
  CredentialKind kind;
  kind.name = "add-on token file";
  kind.files = {path};
  kind.early = std::chrono::minutes(30);
  kind.rotates = true;
  kind.read = [path = std::move(path)] { return from_addon_file(path); };
  return kind;
}

}  // namespace catena::cloud
