// What is sent for a call, and what a fault makes of it.
#pragma once

#include <chrono>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "sim/gateway.h"
#include "sim/gateway/call.h"
#include "sim/gateway/faults.h"

namespace catena::sim {

// One call while it is answered.
struct Exchange {
  std::string region;
  Time now;
  std::string request_id;
  Request request;
  Format format = Format::kXml;
  Call call;  // without an action until it is read
  std::string account;
  std::chrono::milliseconds delay{0};  // until the answer
  // For the counts: the Code of the error sent; empty: none.
  std::string code;
  bool answered = false;  // a success was sent, whole
};

Answer succeed(Exchange& exchange, nlohmann::json result);
Answer refuse(Exchange& exchange, const Denial& denial);
// `answer` is what the client would have seen.
Answer spoil(Exchange& exchange, const Fault& fault, Answer answer);

}  // namespace catena::sim
