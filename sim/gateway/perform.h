// Carrying a call out: in the world, at STS, or not again where its ClientToken was seen.
#pragma once

#include <map>
#include <string>
#include <variant>

#include <nlohmann/json_fwd.hpp>

#include "sim/gateway/respond.h"

namespace catena::sim {

using Outcome = std::variant<nlohmann::json, Denial>;

struct Performer {
  World& world;
  Accounts& accounts;
  ClientTokens& client_tokens;
  std::map<std::string, CallCount>& counts;

  // `key` is null where nobody signed. Adds to exchange.delay what the cloud needs; `slow` comes on
  // top of it later.
  Outcome perform(Exchange& exchange, const AccessKey* key, std::chrono::milliseconds slow);

 private:
  Outcome once(Exchange& exchange);
  Outcome with_token(Exchange& exchange, std::chrono::milliseconds slow);
};

}  // namespace catena::sim
