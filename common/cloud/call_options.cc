#include "common/cloud/call_options.h"

namespace catena::cloud {

using base::Error;
using base::ErrorKind;
using base::Result;

CallOptions with_token(Client& client, const CallOptions& options) {
  CallOptions result = options;
  if (result.client_token.empty()) {
    result.client_token = client.new_token();
  }
  return result;
}

CallOptions without_token(const CallOptions& options) {
  CallOptions result = options;
  result.client_token.clear();
  return result;
}

Result<CallOptions> SharedBudget::rest(std::string_view action) const {
  CallOptions rest = options_;
  rest.budget = end_ - pace_->elapsed();
  if (rest.budget.count() <= 0) {
    return Error(ErrorKind::kTryAgain, std::string(action) + ": not finished within " +
                                           std::to_string(options_.budget.count()) + " ms");
  }
  return rest;
}

base::Status gone_is_success(base::Status status) {
  if (!status.ok() && reaction_to(status.error()) == Reaction::kGone) {
    return {};
  }
  return status;
}

}  // namespace catena::cloud
