// What the calls of ecs.h and vpc.h do with CallOptions.
#pragma once

#include <chrono>
#include <string_view>

#include "common/base/result.h"
#include "common/cloud/client.h"

namespace catena::cloud {

// `options` with a ClientToken of its own where the caller gave none.
CallOptions with_token(Client& client, const CallOptions& options);
// `options` for an action that knows no ClientToken.
CallOptions without_token(const CallOptions& options);

// One budget for several calls.
class SharedBudget {
 public:
  SharedBudget(Pace& pace, const CallOptions& options)
      : pace_(&pace), options_(options), end_(pace.elapsed() + options.budget) {}
  // The options of the next call; kTryAgain when nothing is left.
  base::Result<CallOptions> rest(std::string_view action) const;

 private:
  Pace* pace_;
  CallOptions options_;
  std::chrono::milliseconds end_;
};

// Success for an error that says the object to be removed does not exist.
base::Status gone_is_success(base::Status status);

}  // namespace catena::cloud
