// The failures of a clean-up that goes on to its end.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/base/result.h"

namespace catena::base {

class ErrorList {
 public:
  // Keeps the error of `status`, if any. kNotFound is no failure: what is gone need not be removed.
  void add(Status status) {
    if (!status.ok() && !status.error().is(ErrorKind::kNotFound)) {
      errors_.push_back(std::move(status).error());
    }
  }

  bool empty() const { return errors_.empty(); }
  const std::vector<Error>& errors() const { return errors_; }

  // Success, or one error with the kind and advice of the first and the messages of all.
  Status to_status() const {
    if (errors_.empty()) {
      return {};
    }
    std::string message;
    for (const Error& error : errors_) {
      message += (message.empty() ? "" : "; ") + error.message();
    }
    return Error(errors_.front().kind(), std::move(message)).advice(errors_.front().advice());
  }

 private:
  std::vector<Error> errors_;
};

}  // namespace catena::base
