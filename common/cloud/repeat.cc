#include "common/cloud/repeat.h"

#include <algorithm>

#include "common/cloud/error_class.h"
#include "common/cloud/http.h"

namespace catena::cloud {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using TimePoint = std::chrono::system_clock::time_point;

// A clock this near to the server's is not why a timestamp was refused (it allows about 15 min).
constexpr seconds kTolerableSkew{60};

bool is_skew(std::string_view code) {
  return code == "IllegalTimestamp" || code == "InvalidTimeStamp.Expired";
}

bool differs_from(const std::optional<TimePoint>& server_time, TimePoint now) {
  return server_time.has_value() &&
         (*server_time > now + kTolerableSkew || *server_time < now - kTolerableSkew);
}

milliseconds to_next_minute(TimePoint now) {
  const auto ms = std::chrono::duration_cast<milliseconds>(now.time_since_epoch());
  return milliseconds(60'000 - ms.count() % 60'000);
}

}  // namespace

Repetition::Repetition(bool repeatable, bool wait_for_state, Random random)
    : repeatable_(repeatable), wait_for_state_(wait_for_state), random_(std::move(random)) {}

// Twice as long each time up to `most`, give or take a half.
milliseconds Repetition::back_off(milliseconds first, milliseconds most) {
  const milliseconds wait = std::min(most, first * (1 << std::min(waits_, 10)));
  ++waits_;
  return wait / 2 + milliseconds(random_(wait.count() + 1));
}

// The window is a calendar minute, so nothing before its end helps; then not all nodes at once: the
// spread grows until it is nearly the next minute. It never is what a call fails for.
Step Repetition::after_throttle(const Refusal& refusal, TimePoint now, milliseconds left) {
  if (refusal.error.code() == "Throttling.ConcurrentLimitExceeded") {
    return {Next::kRepeat, back_off(seconds(1), seconds(10)), true};
  }
  const milliseconds window = refusal.rate_wait.value_or(to_next_minute(now));
  milliseconds spread = std::min<milliseconds>(
      seconds(50), (window / 4 + seconds(1)) * (1 << (2 * std::min(throttles_, 3))));
  ++throttles_;
  if (window < left) {
    spread = std::min(spread, left - window);
  }
  return {Next::kRepeat, window + milliseconds(random_(spread.count())), true};
}

Step Repetition::next(const Refusal& refusal, TimePoint now, milliseconds left) {
  ++tries_;
  const base::Error& error = refusal.error;
  if (is_skew(error.code()) && !clock_fixed_ && differs_from(refusal.server_time, now)) {
    clock_fixed_ = true;
    return {Next::kNewClock};
  }
  switch (class_of(error)) {
    case ErrorClass::kCredential:
      if (!credentials_renewed_) {
        credentials_renewed_ = true;
        return {Next::kNewCredentials};
      }
      return {};
    case ErrorClass::kThrottled:
      return after_throttle(refusal, now, left);
    case ErrorClass::kRetry:
      if (error.code() != kNotSent && !repeatable_) {
        return {};
      }
      return error.code() == "ServiceUnavailable.RegionMaintaining"
                 ? Step{Next::kRepeat, back_off(seconds(60), seconds(300))}
                 : Step{Next::kRepeat, back_off(seconds(1), seconds(10))};
    case ErrorClass::kState:
      // LastTokenProcessing is about our own earlier request, not about the object.
      if (wait_for_state_ || error.code() == "LastTokenProcessing") {
        return {Next::kRepeat, back_off(seconds(1), seconds(5))};
      }
      return {};
    case ErrorClass::kQuota:
    case ErrorClass::kNotFound:
    case ErrorClass::kPermanent:
      return {};
  }
  return {};
}

}  // namespace catena::cloud
