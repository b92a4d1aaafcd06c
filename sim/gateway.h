// The OpenAPI of the simulated cloud as one function: an HTTP request in, what its client sees out.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "common/cloud/http.h"
#include "sim/gateway/accounts.h"
#include "sim/gateway/client_tokens.h"
#include "sim/gateway/faults.h"
#include "sim/gateway/rates.h"

namespace catena::sim {

class World;

struct Answer {
  enum class Fate {
    kWhole,  // `response` arrives
    kLost,   // the connection closes without an answer
    kCut,    // it closes in the middle of `response.body`, of which Content-Length tells the whole
    kRefused,  // it is not even taken; the request was not seen
  };
  Fate fate = Fate::kWhole;
  cloud::HttpResponse response;
  std::chrono::milliseconds delay{0};  // before any of that happens
};

struct GatewayOptions {
  std::optional<std::uint64_t> seed;  // absent: the scene's
  // Every answer takes one of these times, drawn evenly.
  std::chrono::milliseconds fastest{0};
  std::chrono::milliseconds slowest{0};
  // A Timestamp further off is refused, and a SignatureNonce is remembered as long.
  std::chrono::seconds skew = std::chrono::minutes(15);
};

// Calls of one action since the start.
struct CallCount {
  std::uint64_t calls = 0;                       // well-formed enough to name an action
  std::uint64_t carried_out = 0;                 // reached the world and succeeded there
  std::uint64_t answered = 0;                    // the client was sent a success
  std::map<std::string, std::uint64_t> refused;  // by Code
};

// Thread-safe: one call at a time. Whoever touches the world or the parts below while calls may
// come in holds lock().
class Gateway {
 public:
  // Both outlive this. Begins with no key: see accounts().
  explicit Gateway(World& world, GatewayOptions options = {});
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;
  Gateway(Gateway&&) = delete;
  Gateway& operator=(Gateway&&) = delete;
  ~Gateway();

  // `request.url` is absolute; a Host among `request.headers` counts instead of the URL's. Takes no
  // time itself: the caller lets Answer::delay pass. Any input is answered, never a crash.
  Answer handle(const cloud::HttpRequest& request);

  std::unique_lock<std::mutex> lock() { return std::unique_lock(mutex_); }
  GatewayOptions& options();
  const GatewayOptions& options() const;
  Accounts& accounts();
  const Accounts& accounts() const;
  Rates& rates();
  Faults& faults();
  const Faults& faults() const;
  ClientTokens& client_tokens();
  const ClientTokens& client_tokens() const;
  // By action name.
  const std::map<std::string, CallCount>& counts() const;
  void reset_counts();

 private:
  struct State;
  std::mutex mutex_;
  std::unique_ptr<State> state_;
};

}  // namespace catena::sim
