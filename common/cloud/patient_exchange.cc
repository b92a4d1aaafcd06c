#include "common/cloud/patient_exchange.h"

#include <algorithm>

namespace catena::cloud {
namespace {

using std::chrono::milliseconds;

constexpr int kRepetitions = 4;
constexpr milliseconds kFirstWait{500};
constexpr int kGrowthPercent = 120;
constexpr milliseconds kLeastTimeout{100};  // below it an exchange is not worth starting

}  // namespace

bool may_pass(int status) { return status == 429 || status >= 500; }

base::Result<HttpResponse> exchange_patiently(Transport& transport, Pace& pace, milliseconds budget,
                                              const std::function<HttpRequest()>& make) {
  const milliseconds end = pace.elapsed() + budget;
  milliseconds wait = kFirstWait;
  for (int repetition = 0;; ++repetition) {
    HttpRequest request = make();
    const milliseconds left = std::max(end - pace.elapsed(), kLeastTimeout);
    request.timeout = std::min(request.timeout, left);
    base::Result<HttpResponse> answer = transport.exchange(request);
    const bool time_left = pace.elapsed() + wait + kLeastTimeout <= end;
    const bool worth_it = !answer.ok() || may_pass(answer->status);
    if (!worth_it || repetition == kRepetitions || !time_left) {
      return answer;
    }
    pace.sleep(wait);
    wait = wait * kGrowthPercent / 100;
  }
}

}  // namespace catena::cloud
