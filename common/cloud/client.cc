#include "common/cloud/client.h"

#include <mutex>
#include <optional>
#include <random>
#include <sys/random.h>
#include <variant>

#include <nlohmann/json.hpp>

#include "common/base/utc.h"
#include "common/cloud/answer.h"
#include "common/cloud/encode.h"
#include "common/cloud/repeat.h"

namespace catena::cloud {
namespace {

using base::Error;
using base::Result;
using base::Status;
using nlohmann::json;
using std::chrono::milliseconds;
using TimePoint = std::chrono::system_clock::time_point;

std::uint64_t seed_of_kernel() {
  std::uint64_t seed = 0;
  if (::getrandom(&seed, sizeof seed, 0) != static_cast<ssize_t>(sizeof seed)) {
    seed = std::random_device{}();
  }
  return seed;
}

// Whether an error by which a repetition ended says what became of an earlier try without an
// answer. A gateway that refuses a call has not looked at its ClientToken.
bool settles(const Error& error) {
  switch (class_of(error)) {
    case ErrorClass::kState:
    case ErrorClass::kQuota:
    case ErrorClass::kNotFound:
      return true;
    case ErrorClass::kPermanent:
      return !is_of_family(error.code(), "Forbidden") &&
             !is_of_family(error.code(), "InvalidTimeStamp") && error.code() != "IllegalTimestamp";
    case ErrorClass::kThrottled:
    case ErrorClass::kRetry:
    case ErrorClass::kCredential:
      return false;
  }
  return false;
}

}  // namespace

struct Client::State {
  Transport* transport;
  Pace* pace;
  CredentialSource* credentials;
  RateBudget* rates;
  ClientOptions options;
  std::mutex mutex;  // of the two below
  std::mt19937_64 random;
  milliseconds skew{};  // the server's clock less ours

  std::uint64_t random_bits() {
    const std::scoped_lock lock(mutex);
    return random();
  }
  std::string random_hex(std::size_t digits) {
    std::string text;
    while (text.size() < digits) {
      const std::uint64_t bits = random_bits();
      text += hex({reinterpret_cast<const char*>(&bits), sizeof bits});
    }
    text.resize(digits);
    return text;
  }
  TimePoint server_now() {
    const std::scoped_lock lock(mutex);
    return pace->wall() + skew;
  }
  void take_over(TimePoint server_time) {
    const std::scoped_lock lock(mutex);
    skew = std::chrono::duration_cast<milliseconds>(server_time - pace->wall());
  }
};

namespace {

// One call on its way to an answer.
class Call {
 public:
  Call(Client::State& state, Product product, std::string_view action, Params params,
       const CallOptions& options);
  Result<json> run();

 private:
  std::variant<json, Refusal> once(const Credentials& credentials);
  bool prepare(const Step& step, Refusal& refusal, const Credentials& credentials);
  bool renew(const Credentials& credentials, Error& error);
  bool wait(const Step& step, Error& error);
  Error finish(const Error& error) const;
  milliseconds left() const { return start_ + options_->budget - state_->pace->elapsed(); }

  Client::State* state_;
  const CallOptions* options_;
  std::string_view action_;
  std::string_view version_;
  std::string host_;
  std::string url_;
  Params params_;
  bool reads_;
  milliseconds start_;
  Repetition repetition_;
  // What an earlier try ended with that the cloud may have carried out.
  std::optional<Error> unsettled_;
};

Call::Call(Client::State& state, Product product, std::string_view action, Params params,
           const CallOptions& options)
    : state_(&state),
      options_(&options),
      action_(action),
      version_(version_of(product)),
      host_(state.options.endpoints.host_of(product)),
      url_(state.options.endpoints.url_of(product)),
      params_(std::move(params)),
      reads_(action.starts_with("Describe")),
      start_(state.pace->elapsed()),
      repetition_(reads_ || !options.client_token.empty(), options.wait_for_state,
                  [&state](std::int64_t bound) {
                    return static_cast<std::int64_t>(state.random_bits() %
                                                     static_cast<std::uint64_t>(bound));
                  }) {
  add_param(params_, "ClientToken", options.client_token);
}

Result<json> Call::run() {
  while (true) {
    if (state_->rates != nullptr) {
      if (Status allowed = state_->rates->take(action_, left()); !allowed.ok()) {
        return finish(allowed.error());
      }
    }
    auto credentials = state_->credentials->get();
    if (!credentials.ok()) {
      return finish(std::move(credentials).error().context(std::string(action_) + ": credentials"));
    }
    auto outcome = once(*credentials);
    if (auto* answer = std::get_if<json>(&outcome); answer != nullptr) {
      return std::move(*answer);
    }
    auto& refusal = std::get<Refusal>(outcome);
    if (!reads_ && may_have_been_done(refusal.error)) {
      unsettled_ = refusal.error;
    } else if (settles(refusal.error)) {
      unsettled_.reset();
    }
    const Step step = repetition_.next(refusal, state_->server_now(), left());
    if (!prepare(step, refusal, *credentials)) {
      return finish(refusal.error);
    }
  }
}

std::variant<json, Refusal> Call::once(const Credentials& credentials) {
  const std::string nonce = state_->random_hex(32);
  const std::string timestamp = base::utc_text(state_->server_now());
  const CallToSign what{.signing = state_->options.signing,
                        .action = action_,
                        .version = version_,
                        .host = host_,
                        .url = url_,
                        .nonce = nonce,
                        .timestamp = timestamp};
  SignedCall call = sign_call(what, params_, credentials);
  call.request.timeout =
      std::max(milliseconds(1), std::min(state_->options.exchange_timeout, left()));
  auto response = state_->transport->exchange(call.request);
  if (!response.ok()) {
    Error error = std::move(response).error().context(action_);
    const std::string_view advice = verdict_on(error.code(), 0).advice;
    return Refusal{std::move(error).advice(advice), {}, {}};
  }
  return read_answer(*response, Asked{action_, call.string_to_sign, &credentials});
}

// Whether the call can be made again now.
bool Call::prepare(const Step& step, Refusal& refusal, const Credentials& credentials) {
  switch (step.next) {
    case Next::kGiveUp:
      return false;
    case Next::kNewClock:
      state_->take_over(*refusal.server_time);
      return true;
    case Next::kNewCredentials:
      return renew(credentials, refusal.error);
    case Next::kRepeat:
      return wait(step, refusal.error);
  }
  return false;
}

bool Call::renew(const Credentials& credentials, Error& error) {
  state_->credentials->reject(credentials);
  const auto renewed = state_->credentials->get();
  if (!renewed.ok()) {
    error = std::move(error).append("; no other credentials: " + renewed.error().message());
    return false;
  }
  if (*renewed == credentials) {
    error = std::move(error).append("; the source of the credentials has no others");
    return false;
  }
  return true;
}

bool Call::wait(const Step& step, Error& error) {
  if (step.hold_back && state_->rates != nullptr) {
    if (const Status held = state_->rates->hold_back(action_, step.wait); !held.ok()) {
      error = std::move(error).append("; " + held.error().message());
      return false;
    }
  }
  if (step.wait >= left()) {
    if (step.hold_back) {
      error = std::move(error).append("; the next call may go in " +
                                      std::to_string(step.wait.count()) + " ms");
    }
    return false;
  }
  state_->pace->sleep(step.wait);
  return true;
}

Error Call::finish(const Error& error) const {
  Error result = error;
  if (unsettled_.has_value() && !may_have_been_done(error)) {
    result = Error(*unsettled_).append("; a later try: " + error.message());
  }
  if (repetition_.tries() > 1) {
    const auto passed = state_->pace->elapsed() - start_;
    result = std::move(result).append(" (" + std::to_string(repetition_.tries()) + " tries in " +
                                      std::to_string(passed.count()) + " ms)");
  }
  if (!reads_ && may_have_been_done(result)) {
    result = std::move(result).append("; it may have been done all the same");
  }
  return result;
}

}  // namespace

Client::Client(Transport& transport, Pace& pace, CredentialSource& credentials, RateBudget* rates,
               ClientOptions options)
    : state_(new State{
          .transport = &transport,
          .pace = &pace,
          .credentials = &credentials,
          .rates = rates,
          .options = {},
          .mutex = {},
          .random = std::mt19937_64(options.seed == 0 ? seed_of_kernel() : options.seed)}) {
  state_->options = std::move(options);
}

Client::~Client() = default;

const std::string& Client::region() const { return state_->options.endpoints.region; }

Pace& Client::pace() { return *state_->pace; }

milliseconds Client::clock_skew() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->skew;
}

std::string Client::new_token() {
  std::string token = state_->random_hex(32);
  for (const std::size_t dash : {20U, 16U, 12U, 8U}) {
    token.insert(dash, 1, '-');
  }
  return token;
}

Result<json> Client::call(Product product, std::string_view action, const Params& params,
                          const CallOptions& options) {
  return Call(*state_, product, action, params, options).run();
}

}  // namespace catena::cloud
