#include "sim/gateway/accounts.h"

#include <algorithm>

namespace catena::sim {

std::string Role::arn() const { return "acs:ram::" + account + ":role/" + name; }

void Accounts::add_key(AccessKey key) {
  std::string id = key.id;
  keys_.insert_or_assign(std::move(id), std::move(key));
}

void Accounts::add_role(Role role) {
  std::string name = role.name;
  roles_.insert_or_assign(std::move(name), std::move(role));
}

AccessKey* Accounts::find_key(const std::string& id) {
  const auto found = keys_.find(id);
  return found == keys_.end() ? nullptr : &found->second;
}

Role* Accounts::find_role(const std::string& name) {
  const auto found = roles_.find(name);
  return found == roles_.end() ? nullptr : &found->second;
}

Role* Accounts::find_role_by_arn(const std::string& arn) {
  const auto found =
      std::ranges::find_if(roles_, [&](const auto& entry) { return entry.second.arn() == arn; });
  return found == roles_.end() ? nullptr : &found->second;
}

std::string Accounts::random_text(std::size_t length) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::uniform_int_distribution<std::size_t> pick(0, kLetters.size() - 1);
  std::string text;
  while (text.size() < length) {
    text += kLetters[pick(random_)];
  }
  return text;
}

AccessKey Accounts::issue(const Role& role, Time expiration,
                          std::optional<RamPolicy> session_policy) {
  AccessKey key;
  key.id = "STS." + random_text(24);
  key.secret = random_text(44);
  // With the letters that have to be escaped in a URL, as real ones have them.
  key.token = "CAIS" + random_text(40) + "+/" + random_text(40) + "==";
  key.account = role.account;
  key.user = role.name;
  key.policy = role.policy;
  key.expiration = expiration;
  key.session_policy = std::move(session_policy);
  key.assumed_role = true;
  add_key(key);
  return key;
}

void Accounts::set_policy_of_issued(const Role& role) {
  for (auto& [id, key] : keys_) {
    if (key.assumed_role && key.user == role.name) {
      key.policy = role.policy;
    }
  }
}

RoleCredentials Accounts::role_credentials(const std::string& instance, const Role& role,
                                           Time now) {
  RoleCredentials& shown = shown_[{instance, role.name}];
  const std::optional<std::chrono::system_clock::time_point>& until = shown.credentials.expiration;
  if (!until.has_value() || now >= *until - rotation.overlap) {
    const AccessKey key = issue(role, now + rotation.life, std::nullopt);
    shown = {{key.id, key.secret, key.token, key.expiration}, now};
  }
  return shown;
}

}  // namespace catena::sim
