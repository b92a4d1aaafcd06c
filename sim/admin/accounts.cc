#include <nlohmann/json.hpp>

#include "sim/addon_token.h"
#include "sim/admin/orders.h"
#include "sim/gateway/authenticate.h"
#include "sim/gateway/sts.h"

namespace catena::sim {
namespace {

using base::Error;
using base::ErrorKind;
using base::Fields;
using base::Result;
using nlohmann::json;

constexpr std::int64_t kYear = 31'536'000;  // s

Result<std::string> needed(Fields& fields, std::string_view key) {
  std::optional<std::string> value = TRY(fields.string(key));
  if (!value.has_value() || value->empty()) {
    return fields.bad_value(key, "a text");
  }
  return *std::move(value);
}

Error no_such(const std::string& kind, const std::string& name) {
  return {ErrorKind::kNotFound, "there is no " + kind + " \"" + name + "\""};
}

// "documented", "everything" or a RAM policy document; nothing where absent.
Result<std::optional<RamPolicy>> policy_in(Fields& fields) {
  const json* value = fields.raw("policy");
  if (value == nullptr || value->is_null()) {
    return std::optional<RamPolicy>();
  }
  if (*value == "documented") {
    return std::optional(RamPolicy::documented());
  }
  if (*value == "everything") {
    return std::optional(RamPolicy::everything());
  }
  return std::optional(TRY(RamPolicy::parse(*value).context("policy")));
}

// The list calls of which the simulator has an empty answer.
Result<std::vector<std::string>> hidden_in(Fields& fields) {
  std::vector<std::string> hidden =
      TRY(fields.strings("hidden")).value_or(std::vector<std::string>());
  for (const std::string& action : hidden) {
    if (action != "ecs:DescribeInstances" && action != "ecs:DescribeNetworkInterfaces") {
      return fields.bad_value("hidden", "ecs:DescribeInstances or ecs:DescribeNetworkInterfaces");
    }
  }
  return hidden;
}

}  // namespace

AdminAnswer add_key(Gateway& gateway, Fields& fields, const std::string& account) {
  AccessKey key;
  key.id = TRY(needed(fields, "id"));
  key.secret = TRY(needed(fields, "secret"));
  key.account = TRY(fields.string("account")).value_or(account);
  key.user = TRY(fields.string("user")).value_or("user");
  key.enabled = TRY(fields.boolean("enabled")).value_or(true);
  key.policy = TRY(policy_in(fields)).value_or(RamPolicy::documented());
  TRY(fields.no_unknown_keys());
  gateway.accounts().add_key(std::move(key));
  return json::object();
}

AdminAnswer change_key(Gateway& gateway, Fields& fields) {
  const std::string id = TRY(needed(fields, "id"));
  const std::optional<bool> enabled = TRY(fields.boolean("enabled"));
  const bool removed = TRY(fields.boolean("removed")).value_or(false);
  const bool expired = TRY(fields.boolean("expired")).value_or(false);
  TRY(fields.no_unknown_keys());
  AccessKey* key = gateway.accounts().find_key(id);
  if (key == nullptr) {
    return no_such("key", id);
  }
  key->enabled = enabled.value_or(key->enabled);
  if (expired) {
    key->expiration = Time{};
  }
  if (removed) {
    gateway.accounts().remove_key(id);
  }
  return json::object();
}

AdminAnswer add_role(Gateway& gateway, Fields& fields, const std::string& account) {
  Role role;
  role.name = TRY(needed(fields, "name"));
  role.account = account;
  role.policy = TRY(policy_in(fields)).value_or(RamPolicy::documented());
  role.longest_session =
      std::chrono::seconds(TRY(fields.integer("session_seconds", 1, kYear)).value_or(3600));
  role.oidc_provider = TRY(fields.string("oidc_provider")).value_or("");
  role.oidc_issuer = TRY(fields.string("oidc_issuer")).value_or("");
  TRY(fields.no_unknown_keys());
  const json answer = {{"arn", role.arn()}};
  gateway.accounts().add_role(std::move(role));
  return answer;
}

AdminAnswer set_policy(Gateway& gateway, Fields& fields) {
  const std::optional<std::string> key_id = TRY(fields.string("key"));
  const std::optional<std::string> role_name = TRY(fields.string("role"));
  std::optional<RamPolicy> policy = TRY(policy_in(fields));
  const std::vector<std::string> hidden = TRY(hidden_in(fields));
  TRY(fields.no_unknown_keys());
  if (!policy.has_value() || key_id.has_value() == role_name.has_value()) {
    return fields.bad_value("policy", "a policy for a key or a role, not for both");
  }
  policy->hidden = hidden;
  if (key_id.has_value()) {
    AccessKey* key = gateway.accounts().find_key(*key_id);
    if (key == nullptr) {
      return no_such("key", *key_id);
    }
    key->policy = *policy;
    return json::object();
  }
  Role* role = gateway.accounts().find_role(*role_name);
  if (role == nullptr) {
    return no_such("role", *role_name);
  }
  role->policy = *policy;
  gateway.accounts().set_policy_of_issued(*role);
  return json::object();
}

AdminAnswer set_rotation(Gateway& gateway, Fields& fields) {
  RotationOptions& rotation = gateway.accounts().rotation;
  const auto life = TRY(fields.integer("life_seconds", 1, kYear));
  const auto overlap = TRY(fields.integer("overlap_seconds", 0, kYear));
  const bool now = TRY(fields.boolean("now")).value_or(false);
  TRY(fields.no_unknown_keys());
  rotation.life = std::chrono::seconds(life.value_or(rotation.life.count()));
  rotation.overlap = std::chrono::seconds(overlap.value_or(rotation.overlap.count()));
  if (now) {
    gateway.accounts().rotate_now();
  }
  return json{{"life_seconds", rotation.life.count()},
              {"overlap_seconds", rotation.overlap.count()}};
}

AdminAnswer issue_key(Gateway& gateway, Fields& fields, Time now) {
  const std::string role_name = TRY(needed(fields, "role"));
  const std::int64_t seconds = TRY(fields.integer("seconds", 0, kYear)).value_or(3600);
  const std::optional<std::string> keyring = TRY(fields.string("keyring"));
  TRY(fields.no_unknown_keys());
  const Role* role = gateway.accounts().find_role(role_name);
  if (role == nullptr) {
    return no_such("role", role_name);
  }
  const AccessKey key =
      gateway.accounts().issue(*role, now + std::chrono::seconds(seconds), std::nullopt);
  json answer = {{"AccessKeyId", key.id},
                 {"AccessKeySecret", key.secret},
                 {"SecurityToken", key.token},
                 {"Expiration", print_timestamp(*key.expiration)}};
  if (keyring.has_value()) {
    answer["addon_token_file"] =
        TRY(addon_token_file({key.id, key.secret, key.token, key.expiration}, *keyring,
                             static_cast<std::uint64_t>(now.time_since_epoch().count())));
  }
  return answer;
}

json keys_of(const Gateway& gateway) {
  json keys = json::array();
  for (const auto& [id, key] : gateway.accounts().keys()) {
    json entry = {{"id", id},
                  {"account", key.account},
                  {"user", key.user},
                  {"enabled", key.enabled},
                  {"allow", key.policy.allow},
                  {"deny", key.policy.deny}};
    if (key.expiration.has_value()) {
      entry["expiration"] = print_timestamp(*key.expiration);
    }
    keys.push_back(std::move(entry));
  }
  return keys;
}

}  // namespace catena::sim
