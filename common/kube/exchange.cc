#include "common/kube/exchange.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "common/base/text.h"

namespace catena::kube {
namespace {

using base::Error;
using base::ErrorKind;
using base::Status;

constexpr std::size_t kMostRefusal = std::size_t{64} << 10U;  // bytes

// "Retry-After: 3". The form with a date is not sent by API servers.
std::optional<std::chrono::seconds> seconds_of(std::string_view text) {
  constexpr int kMostSeconds = 3'600;
  int seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || seconds < 0) {
    return std::nullopt;
  }
  return std::chrono::seconds(std::min(seconds, kMostSeconds));
}

Error no_answer(const std::string& what, CURLcode code, std::string_view detail) {
  const std::string message =
      what + ": " + (detail.empty() ? ::curl_easy_strerror(code) : std::string(detail));
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
      return Error(ErrorKind::kInternal, message)
          .code(kUntrusted)
          .advice("check the authority, certificate and key that the configuration names");
    default:
      return Error(ErrorKind::kTryAgain, message).code(kTransport);
  }
}

long status_of(CURL* easy) {
  long status = 0;
  ::curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

}  // namespace

Exchange::Exchange(Access& access, Request request, Body& body)
    : access_(access),
      request_(std::move(request)),
      body_(body),
      what_(request_.method + " " + access.server() +
            request_.path.substr(0, request_.path.find('?'))) {}

Exchange::~Exchange() {
  if (easy_ != nullptr) {
    ::curl_easy_reset(easy_);  // it keeps its connections, and nothing that points here
  }
}

std::size_t Exchange::take_header(char* data, std::size_t size, std::size_t count, void* user) {
  auto* exchange = static_cast<Exchange*>(user);
  const std::string_view line = base::trim(std::string_view(data, size * count));
  const std::size_t colon = line.find(':');
  if (line.empty()) {
    exchange->accepted_ = status_of(exchange->easy_) / 100 == 2;
  } else if (line.starts_with("HTTP/")) {
    exchange->retry_after_.reset();
  } else if (base::equal_ignoring_case(line.substr(0, colon), "Retry-After") &&
             colon != std::string_view::npos) {
    exchange->retry_after_ = seconds_of(base::trim(line.substr(colon + 1)));
  }
  return size * count;
}

std::size_t Exchange::take_body(char* data, std::size_t size, std::size_t count, void* user) {
  auto* exchange = static_cast<Exchange*>(user);
  Status taken = exchange->take(std::string_view(data, size * count));
  if (!taken.ok()) {
    exchange->body_error_ = std::move(taken).error();
    return 0;
  }
  return size * count;
}

Status Exchange::take(std::string_view piece) {
  if (accepted_) {
    return body_.take(piece);
  }
  refusal_ += piece.substr(0, kMostRefusal - std::min(kMostRefusal, refusal_.size()));
  return {};
}

Status Exchange::prepare(CURL* easy) {
  easy_ = easy;
  accepted_ = false;
  refusal_.clear();
  retry_after_.reset();
  body_error_.reset();
  body_.begin();
  detail_.front() = '\0';
  access_.prepare(easy, request_.connect_timeout);

  headers_.reset();
  bool complete = append(headers_, "Accept: application/json") && append(headers_, "Expect:");
  if (const std::string& authorization = access_.authorization(); !authorization.empty()) {
    complete = complete && append(headers_, authorization);
  }
  if (!request_.content_type.empty()) {
    complete = complete && append(headers_, "Content-Type: " + request_.content_type);
  }
  if (!complete) {
    return Error(ErrorKind::kTryAgain, what_ + ": no memory for the headers");
  }
  if (request_.method != "GET") {
    ::curl_easy_setopt(easy, CURLOPT_POST, 1L);
    ::curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                       static_cast<curl_off_t>(request_.body.size()));
    ::curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request_.body.c_str());
    ::curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  }
  ::curl_easy_setopt(easy, CURLOPT_URL, (access_.server() + request_.path).c_str());
  ::curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_.get());
  ::curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request_.timeout.count()));
  ::curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, request_.fresh ? 1L : 0L);
  ::curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, detail_.data());
  ::curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
  ::curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  ::curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
  ::curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  return {};
}

std::optional<Refusal> Exchange::finish(CURL* easy, CURLcode code) {
  if (body_error_.has_value()) {
    return Refusal{Error(*body_error_).context(what_), 0, {}};
  }
  const auto status = static_cast<int>(status_of(easy));
  if (code != CURLE_OK) {
    return Refusal{no_answer(what_, code, base::trim(detail_.data())), 0, {}};
  }
  if (accepted_) {
    return std::nullopt;
  }
  Refusal refusal = refusal_of(what_, status, refusal_);
  if (retry_after_.has_value()) {
    refusal.retry_after = retry_after_;
  }
  return refusal;
}

}  // namespace catena::kube
