// One request to the API server and its answer, on a handle that somebody else drives.
#pragma once

#include <array>
#include <chrono>
#include <curl/curl.h>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/kube/access.h"
#include "common/kube/failure.h"
#include "common/kube/stream.h"

namespace catena::kube {

struct Request {
  std::string method = "GET";
  std::string path;  // and query, encoded
  std::string content_type;
  std::string body;
  std::chrono::milliseconds timeout{10'000};  // for the whole exchange
  std::chrono::milliseconds connect_timeout{5'000};
  bool fresh = false;  // on a connection of its own: an older one knows an older certificate
};

// Stays where it is while the handle is in use: libcurl calls back into it.
class Exchange {
 public:
  // `access` and `body` must outlive it; `body` takes what a 2xx answer holds.
  Exchange(Access& access, Request request, Body& body);
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  Exchange(Exchange&&) = delete;
  Exchange& operator=(Exchange&&) = delete;
  ~Exchange();

  // Makes `easy`, which must outlive this, ready to be performed.
  base::Status prepare(CURL* easy);
  // What came of it: nothing for a whole 2xx answer. An answer that is missing or cut off has
  // status 0 and kTransport (kUntrusted where certificates are to blame); what `body` refused has
  // status 0 and the body's own error.
  std::optional<Refusal> finish(CURL* easy, CURLcode code);

  // "GET https://host/path", without the query's cursor and selectors.
  const std::string& what() const { return what_; }
  // Whether the head of a 2xx answer is there.
  bool accepted() const { return accepted_; }

 private:
  static std::size_t take_header(char* data, std::size_t size, std::size_t count, void* user);
  static std::size_t take_body(char* data, std::size_t size, std::size_t count, void* user);
  base::Status take(std::string_view piece);

  Access& access_;
  Request request_;
  Body& body_;
  std::string what_;
  CURL* easy_ = nullptr;
  HeaderList headers_;
  std::array<char, CURL_ERROR_SIZE> detail_{};
  std::optional<std::chrono::seconds> retry_after_;
  std::string refusal_;  // the body of an answer that is not 2xx
  std::optional<base::Error> body_error_;
  bool accepted_ = false;
};

}  // namespace catena::kube
