// A client of the simulated OpenAPI that says exactly what a test wants.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/cloud/http.h"
#include "sim/world.h"

namespace catena::sim {

struct SignedCall {
  std::string method = "POST";
  std::string host = "ecs.cn-hangzhou.aliyuncs.com";
  std::string action;
  std::string version = "2014-05-26";
  std::vector<std::pair<std::string, std::string>> parameters;
  std::string key_id = "LTAI0000catenasimkey";
  std::string secret = "catena-sim-secret";
  std::string token;
  std::string timestamp;
  std::string nonce;            // empty: one that was never used
  std::string format = "JSON";  // empty: none is asked for
  bool in_body = false;         // scheme 1.0: the parameters go into a form body
};

// Signature scheme 1.0, and ACS3 with every header that has to be signed.
cloud::HttpRequest rpc_request(const SignedCall& call);
cloud::HttpRequest acs3_request(const SignedCall& call);

}  // namespace catena::sim
