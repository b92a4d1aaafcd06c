#include "sim/gateway/client_tokens.h"

namespace catena::sim {

std::optional<std::variant<TokenResult, ClientTokens::Refused>> ClientTokens::find(
    const std::string& key, const std::string& parameters, Time now) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) {
    return std::nullopt;
  }
  const Entry& entry = found->second;
  if (now >= entry.made + options.retention) {
    entries_.erase(found);
    return std::nullopt;
  }
  if (entry.parameters != parameters) {
    return Refused{400, "IdempotentParameterMismatch",
                   "The request uses the same client token as a previous, but non-identical "
                   "request."};
  }
  if (now < entry.running_until) {
    return Refused{403, "LastTokenProcessing", "The last token request is processing."};
  }
  if (entry.result.code.empty()) {
    return entry.result;
  }
  using After = ClientTokenOptions::AfterFailure;
  if (options.after_failure == After::kRunAgain) {
    entries_.erase(found);
    return std::nullopt;
  }
  if (options.after_failure == After::kIdempotentFailed) {
    return Refused{403, "IdempotentFailed",
                   "The previous request with this client token has failed."};
  }
  return Refused{entry.result.status, entry.result.code, entry.result.message};
}

void ClientTokens::remember(const std::string& key, const std::string& parameters,
                            TokenResult result, Time now, Time running_until) {
  // At every doubling, so that the cost of a call does not grow with what is remembered.
  if ((entries_.size() & (entries_.size() - 1)) == 0) {
    std::erase_if(entries_,
                  [&](const auto& entry) { return now >= entry.second.made + options.retention; });
  }
  entries_.insert_or_assign(key, Entry{parameters, std::move(result), now, running_until});
}

}  // namespace catena::sim
