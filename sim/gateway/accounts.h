// Who may call: access keys, roles and the temporary keys issued for them.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/cloud/credentials.h"
#include "sim/gateway/ram_policy.h"
#include "sim/world.h"

namespace catena::sim {

struct AccessKey {
  std::string id;
  std::string secret;
  std::string account;  // digits; rates and client tokens count per account
  std::string user;     // who owns the key, for AccessDeniedDetail
  bool enabled = true;
  RamPolicy policy = RamPolicy::documented();
  // Of a temporary key:
  std::string token;                        // empty for a plain key
  std::optional<Time> expiration;           // absent: never
  std::optional<RamPolicy> session_policy;  // what it may do must be in both
  bool assumed_role = false;
};

struct Role {
  std::string name;
  std::string account;
  RamPolicy policy = RamPolicy::documented();
  std::chrono::seconds longest_session = std::chrono::hours(1);
  std::string oidc_provider;  // ARN of the only provider it trusts; empty: none
  std::string oidc_issuer;    // what `iss` of its tokens must be; empty: any
  // acs:ram::<account>:role/<name>
  std::string arn() const;
};

// How the metadata service renews a role's keys: a new set is published `overlap` before the old
// one expires, and both are valid until then.
struct RotationOptions {
  std::chrono::seconds life = std::chrono::hours(6);
  std::chrono::seconds overlap = std::chrono::minutes(30);
};

struct RoleCredentials {
  cloud::Credentials credentials;
  Time last_updated;
};

class Accounts {
 public:
  explicit Accounts(std::uint64_t seed) : random_(seed) {}

  // Each replaces one of the same id or name.
  void add_key(AccessKey key);
  void add_role(Role role);
  AccessKey* find_key(const std::string& id);
  Role* find_role(const std::string& name);
  Role* find_role_by_arn(const std::string& arn);
  const std::map<std::string, AccessKey>& keys() const { return keys_; }
  const std::map<std::string, Role>& roles() const { return roles_; }
  void remove_key(const std::string& id) { keys_.erase(id); }

  // A temporary key of `role`, valid at once and until `expiration`.
  AccessKey issue(const Role& role, Time expiration, std::optional<RamPolicy> session_policy);
  // Keys issued for `role` get its policy, as its keys in the real cloud follow it at once.
  void set_policy_of_issued(const Role& role);
  // What the metadata service of `instance` shows for `role` at `now`.
  RoleCredentials role_credentials(const std::string& instance, const Role& role, Time now);
  // The set shown from now on is a new one; the old one stays valid until it expires.
  void rotate_now() { shown_.clear(); }
  RotationOptions rotation;

 private:
  std::string random_text(std::size_t length);

  std::mt19937_64 random_;
  std::map<std::string, AccessKey> keys_;
  std::map<std::string, Role> roles_;
  std::map<std::pair<std::string, std::string>, RoleCredentials> shown_;  // instance, role
};

}  // namespace catena::sim
