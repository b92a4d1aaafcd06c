// The memory behind ClientToken: one operation, however often it is asked for.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <variant>

#include "sim/world.h"

namespace catena::sim {

struct ClientTokenOptions {
  std::chrono::seconds retention = std::chrono::hours(24);
  enum class AfterFailure {
    kRunAgain,  // the next call with the token is carried out anew
    kSameError,
    kIdempotentFailed,
  };
  AfterFailure after_failure = AfterFailure::kRunAgain;
};

// What a token stands for: the answer's business part or the refusal as the gateway keeps it.
struct TokenResult {
  int status = 200;
  std::string code;  // empty: success
  std::string message;
  std::string body;  // JSON, of a success
};

class ClientTokens {
 public:
  struct Refused {
    int status;
    std::string code;
    std::string message;
  };
  // `key` names account, action and token, `parameters` everything else that was asked for.
  // Nothing: the call is new and has to be carried out, then remember().
  std::optional<std::variant<TokenResult, Refused>> find(const std::string& key,
                                                         const std::string& parameters, Time now);
  // `running_until`: calls with the token are told LastTokenProcessing before that.
  void remember(const std::string& key, const std::string& parameters, TokenResult result, Time now,
                Time running_until);
  std::size_t size() const { return entries_.size(); }
  ClientTokenOptions options;

 private:
  struct Entry {
    std::string parameters;
    TokenResult result;
    Time made;
    Time running_until;
  };
  std::map<std::string, Entry> entries_;
};

}  // namespace catena::sim
