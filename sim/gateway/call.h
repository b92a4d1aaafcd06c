// One call as its client means it: protocol parameters apart from business parameters, whichever
// signature scheme carries them.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/cloud/http.h"
#include "sim/gateway/render.h"
#include "sim/gateway/request.h"

namespace catena::sim {

// Why a call is refused, and what else its answer carries.
struct Denial {
  int status = 400;
  std::string code;
  std::string message;
  cloud::Headers headers;
  // AccessDeniedDetail; empty: none.
  std::vector<std::pair<std::string, std::string>> detail;
};

// One without more.
Denial denied(int status, std::string code, std::string message);

enum class Scheme { kRpc, kAcs3 };

struct Call {
  Scheme scheme = Scheme::kRpc;
  std::string product;  // "ecs", "vpc", "sts"
  std::string action;
  // Those the client sent, checked by nobody yet:
  std::string key_id;
  std::string timestamp;
  std::string nonce;
  std::string token;
  std::string signature;
  std::vector<std::string> signed_headers;
  std::map<std::string, std::string> parameters;  // business
  std::string client_token;
};

// What the answer has to be written as; XML where the request does not say.
std::variant<Format, Denial> format_of(const Request& request);

// kRpc and kAcs3 read alike; `region` is the simulated one. The action is known to its product.
std::variant<Call, Denial> read_call(const Request& request, const std::string& region);

// "The input parameter \"...\" that is mandatory for processing this request is not supplied."
Denial missing_parameter(const std::string& name);

// Whether an absent ClientToken is all that keeps the action from being repeatable.
bool has_client_token(const std::string& action);

// Which product and region a host name of the cloud stands for; empty where it says nothing.
struct HostMeaning {
  std::string product;
  std::string region;
};
HostMeaning meaning_of(const std::string& host_name);

}  // namespace catena::sim
