// Exchanges that may be repeated without harm.
#pragma once

#include <chrono>
#include <functional>

#include "common/base/result.h"
#include "common/cloud/http.h"
#include "common/cloud/pace.h"

namespace catena::cloud {

// What `make` describes, repeated where nothing, 429 or 5xx was answered: four times at most, 500
// ms and more apart, all inside `budget`. The newest answer whatever its status, or the newest
// failure.
base::Result<HttpResponse> exchange_patiently(Transport& transport, Pace& pace,
                                              std::chrono::milliseconds budget,
                                              const std::function<HttpRequest()>& make);

// 429 and 5xx: the same request may be answered later.
bool may_pass(int status);

}  // namespace catena::cloud
