// What a request is signed with, and where it comes from.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "common/base/result.h"

namespace catena::cloud {

struct Credentials {
  std::string key_id;
  std::string secret;
  std::string token;                                                // empty for a plain key
  std::optional<std::chrono::system_clock::time_point> expiration;  // absent: never

  bool operator==(const Credentials&) const = default;
};

class CredentialSource {
 public:
  CredentialSource() = default;
  CredentialSource(const CredentialSource&) = delete;
  CredentialSource& operator=(const CredentialSource&) = delete;
  CredentialSource(CredentialSource&&) = delete;
  CredentialSource& operator=(CredentialSource&&) = delete;
  virtual ~CredentialSource() = default;
  // A whole set: id, secret and token of one issue. An old set is given as long as it is valid,
  // though it could not be renewed. Thread-safe.
  virtual base::Result<Credentials> get() = 0;
  // The cloud refused `refused` (expired, torn, unknown): the next get() reads all anew.
  virtual void reject(const Credentials& refused) = 0;
};

}  // namespace catena::cloud
