// One signed call of the OpenAPI, repeated while that is safe and helps.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "common/base/result.h"
#include "common/cloud/credentials.h"
#include "common/cloud/endpoint.h"
#include "common/cloud/error_class.h"
#include "common/cloud/http.h"
#include "common/cloud/pace.h"
#include "common/cloud/params.h"
#include "common/cloud/rate_budget.h"
#include "common/cloud/sign.h"

namespace catena::cloud {

struct ClientOptions {
  Endpoints endpoints;
  Signing signing = Signing::kAcs3;
  std::chrono::milliseconds exchange_timeout{20'000};  // what Terway gives its SDK
  // Of nonces, tokens and jitter, for tests that must repeat; 0: taken from the kernel.
  std::uint64_t seed = 0;
};

struct CallOptions {
  // Sent as ClientToken, the same on every repetition. Empty: a call that takes one
  // (ecs.h, vpc.h) makes its own, good for this call alone; keep one in an intent to be safe across
  // a crash.
  std::string client_token;
  // For the whole call: repetitions, waits and paging.
  std::chrono::milliseconds budget{60'000};
  // Repeats errors of class kState too, instead of leaving them to the caller.
  bool wait_for_state = false;
};

// Thread-safe where Transport and CredentialSource are.
class Client {
 public:
  // All of them must outlive the client; `rates` may be null: no limit of our own.
  Client(Transport& transport, Pace& pace, CredentialSource& credentials, RateBudget* rates,
         ClientOptions options);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  Client(Client&&) = delete;
  Client& operator=(Client&&) = delete;
  ~Client();

  // The answer's JSON object. What is not an answer with status 2xx is an error that names action,
  // Code, Message and RequestId, with Error::code() the OpenAPI Code, Transport.NotSent,
  // Transport.Unknown or Response.Garbage, and kTryAgain where a later try may succeed.
  // Within the budget: kThrottled, kRetry and requests that never left are repeated, with a new
  // nonce and the same ClientToken; refused credentials are read anew once; a skewed clock is
  // corrected once from the answer's Date. A call that changes something and has no ClientToken is
  // not repeated when may_have_been_done(): the caller reads the state first.
  base::Result<nlohmann::json> call(Product product, std::string_view action, const Params& params,
                                    const CallOptions& options = {});

  const std::string& region() const;
  Pace& pace();
  // The server's clock less ours, as corrected; 0 while no timestamp was refused.
  std::chrono::milliseconds clock_skew() const;
  // A fresh ClientToken: 36 ASCII characters in the form of a UUID.
  std::string new_token();

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace catena::cloud
