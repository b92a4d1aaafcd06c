// One gRPC call on a unix socket, with one message each way.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "agent/daemon/loop.h"
#include "common/base/result.h"

namespace catena::devices {

struct CallTarget {
  std::string socket;
  std::string method;  // "/v1beta1.Registration/Register"
};

// Of the loop's thread. Destroying it gives the call up.
class GrpcCall {
 public:
  // The answer's message. An error has gRPC's reason.
  using Done = std::function<void(base::Result<std::string> answer)>;

  // `done` is called once, from the loop, never from within this call, unless it is given up
  // before. kTryAgain after `patience`.
  static base::Result<std::unique_ptr<GrpcCall>> start(const CallTarget& target,
                                                       const std::string& message,
                                                       agent::Loop::Millis patience,
                                                       agent::Loop& loop, Done done);
  GrpcCall(const GrpcCall&) = delete;
  GrpcCall& operator=(const GrpcCall&) = delete;
  GrpcCall(GrpcCall&&) = delete;
  GrpcCall& operator=(GrpcCall&&) = delete;
  ~GrpcCall();

 private:
  class Exchange;
  explicit GrpcCall(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}

  std::shared_ptr<Exchange> exchange_;
};

}  // namespace catena::devices
