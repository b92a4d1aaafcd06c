// Credentials from the first kind that has any, renewed in time.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/cloud/credential_kinds.h"
#include "common/cloud/credentials.h"
#include "common/cloud/environment.h"
#include "common/cloud/metadata.h"

namespace catena::cloud {

// Kinds are tried in their order until one is there. One that is there but broken ends the search:
// going on could serve with the wrong account. The kind that worked is used again as long as its
// set is valid or can be renewed. Thread-safe; one thread renews while the others are served.
class CredentialChain : public CredentialSource {
 public:
  CredentialChain(std::vector<CredentialKind> kinds, Pace& pace);
  ~CredentialChain() override = default;

  // kTryAgain when a kind was there but could not be asked now; the message has one phrase for each
  // kind tried, in their order.
  base::Result<Credentials> get() override;
  void reject(const Credentials& refused) override;

  // The kind that serves; empty before the first get() that succeeded.
  std::string kind() const;
  // One line for each file with secrets of that kind that group or others can read.
  std::vector<std::string> notices() const;
  // Why the newest attempt to renew failed; empty when it did not. The old set may still serve.
  std::string last_failure() const;

 private:
  struct Found {
    Credentials credentials;
    std::size_t kind = 0;
    std::string files;  // their fingerprint before they were read
  };
  struct Current : Found {
    std::chrono::system_clock::time_point renew_at;
    bool rejected = false;
  };
  struct Standing {
    std::optional<Credentials> good;
    bool due = false;  // to be renewed
  };

  Standing standing() const;
  base::Result<Found> look();
  base::Result<Found> search();
  Credentials keep(Found found);
  bool was_refused(const Credentials& credentials) const;
  void put_off(const base::Error& failure);

  std::vector<CredentialKind> kinds_;
  Pace& pace_;
  std::mutex renewing_;
  mutable std::mutex mutex_;  // of what follows
  std::optional<Current> current_;
  std::optional<Current> previous_;     // what served before, in case the current one is refused
  std::optional<Credentials> refused_;  // until another one is found
  std::string last_failure_;
};

struct CredentialOptions {
  std::optional<Credentials> configured;  // access_key and access_secret of eni.conf
  std::string key_id_file = "/var/alibaba-addon-secret/access-key-id";
  std::string key_secret_file = "/var/alibaba-addon-secret/access-key-secret";
  std::string addon_token_file = "/var/addon/token-config";  // or credential_path of eni.conf
  std::string sts_url;  // Endpoints::url_of(kSts); empty: the central one
};

struct EniConf;
// What eni.conf names, and the usual places for the rest.
CredentialOptions credential_options_of(const EniConf& conf);

// Every kind, in the order of docs/credentials.md. All arguments must outlive the chain.
std::unique_ptr<CredentialChain> make_credential_source(const CredentialOptions& options,
                                                        const Environment& environment,
                                                        Transport& transport, Pace& pace,
                                                        Metadata& metadata);

}  // namespace catena::cloud
