// Whether a call comes from the key it names, and whether that key may make it.
#pragma once

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include "sim/gateway/accounts.h"
#include "sim/gateway/call.h"

namespace catena::sim {

// The nonces seen, for as long as a Timestamp of theirs would still pass.
class Nonces {
 public:
  bool seen(const std::string& nonce, Time now);
  // `until` never goes back from call to call.
  void remember(const std::string& nonce, Time until);

 private:
  std::set<std::string> seen_;
  std::deque<std::pair<Time, std::string>> ends_;
};

// "2026-01-02T03:04:05Z", and nothing else.
std::optional<Time> parse_timestamp(const std::string& text);
std::string print_timestamp(Time time);

// In the order of the real gateway: parameters there, key, timestamp, nonce, signature, token.
std::variant<const AccessKey*, Denial> authenticate(const Request& request, const Call& call,
                                                    Accounts& accounts, Nonces& nonces, Time now,
                                                    std::chrono::seconds skew);

// Nothing where the key may.
std::optional<Denial> refusal_by_policy(const AccessKey& key, const Call& call,
                                        const std::string& diagnosis);

}  // namespace catena::sim
