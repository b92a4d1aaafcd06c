// One HTTP exchange: the only way in which the cloud room reaches the network.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/result.h"

namespace catena::cloud {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method = "GET";
  std::string url;  // sent as it is, query included: nothing is encoded again
  Headers headers;  // beside Host, which comes from `url`
  std::string body;
  std::chrono::milliseconds timeout{20'000};  // for the whole exchange
  bool direct = false;  // past every proxy: for what is the machine's own to ask
};

struct HttpResponse {
  int status = 0;
  Headers headers;
  std::string body;

  // The first header of that name, whatever its case; empty where there is none.
  std::string_view header(std::string_view name) const;
};

// Codes (base::Error::code) of an exchange without an answer.
inline constexpr std::string_view kNotSent =
    "Transport.NotSent";  // the server never saw the request
inline constexpr std::string_view kNoAnswer = "Transport.Unknown";  // it may have carried it out

// Any answer, 500 included, is a value; errors carry kNotSent or kNoAnswer as their code.
class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  Transport(Transport&&) = delete;
  Transport& operator=(Transport&&) = delete;
  virtual ~Transport() = default;
  virtual base::Result<HttpResponse> exchange(const HttpRequest& request) = 0;
};

}  // namespace catena::cloud
