// HTTP/1.1 on the wire, as far as the simulated cloud's clients speak it (RFC 9112).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/cloud/http.h"

namespace catena::sim {

struct ReceivedRequest {
  // `url` is "http://" + Host + the request line's target.
  cloud::HttpRequest request;
  std::string target;  // path and query as in the request line
  bool keep_alive = true;
};

struct Parsed {
  enum class State {
    kIncomplete,
    kWhole,    // `received` is filled, `size` bytes of the input were it
    kRefused,  // answer with `status` and close
  };
  State state = State::kIncomplete;
  // Incomplete, and the client waits for "100 Continue" before it sends its body.
  bool expects_continue = false;
  int status = 0;
  std::size_t size = 0;
  ReceivedRequest received;
};

// At most 64 KiB of headers and 8 MiB of body; a body needs Content-Length.
Parsed parse_request(std::string_view input);

std::string render_response(const cloud::HttpResponse& response, bool keep_alive,
                            bool without_body);

}  // namespace catena::sim
