#include "common/cloud/curl_transport.h"

#include <cstdlib>
#include <curl/curl.h>
#include <filesystem>
#include <mutex>
#include <vector>

#include "common/base/text.h"

namespace catena::cloud {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;

constexpr std::size_t kMostHeaders = std::size_t{64} << 10U;  // bytes
// A kept connection this old is not used again: servers and NATs forget theirs at about a minute.
constexpr long kMostIdleSeconds = 30;

struct EasyDeleter {
  void operator()(CURL* easy) const { ::curl_easy_cleanup(easy); }
};
using Easy = std::unique_ptr<CURL, EasyDeleter>;

struct ListDeleter {
  void operator()(curl_slist* list) const { ::curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, ListDeleter>;

void append(List& list, const std::string& line) {
  if (curl_slist* longer = ::curl_slist_append(list.get(), line.c_str()); longer != nullptr) {
    [[maybe_unused]] curl_slist* same = list.release();
    list.reset(longer);
  }
}

// One exchange as libcurl's callbacks see it.
struct Exchange {
  HttpResponse response;
  std::size_t header_bytes = 0;
  std::size_t most_body = 0;
  int sent = 0;  // how often libcurl was about to send the request
  bool too_long = false;
};

// Called when the connection stands, TLS included, and the request comes next. libcurl would send
// again by itself when a kept connection ends without an answer, though the server may have done
// what it was asked.
int before_request(void* data, char* /*remote*/, char* /*local*/, int /*remote_port*/,
                   int /*local_port*/) {
  auto* exchange = static_cast<Exchange*>(data);
  if (exchange->sent > 0) {
    return CURL_PREREQFUNC_ABORT;
  }
  ++exchange->sent;
  return CURL_PREREQFUNC_OK;
}

std::size_t take_header(char* data, std::size_t size, std::size_t count, void* user) {
  auto* exchange = static_cast<Exchange*>(user);
  const std::string_view line = base::trim(std::string_view(data, size * count));
  exchange->header_bytes += size * count;
  if (exchange->header_bytes > kMostHeaders) {
    exchange->too_long = true;
    return 0;
  }
  if (line.starts_with("HTTP/")) {  // of a proxy's or an interim answer, or of the one that counts
    exchange->response.headers.clear();
  } else if (const std::size_t colon = line.find(':'); colon != std::string_view::npos) {
    exchange->response.headers.emplace_back(base::trim(line.substr(0, colon)),
                                            base::trim(line.substr(colon + 1)));
  }
  return size * count;
}

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* user) {
  auto* exchange = static_cast<Exchange*>(user);
  if (exchange->response.body.size() + size * count > exchange->most_body) {
    exchange->too_long = true;
    return 0;
  }
  exchange->response.body.append(data, size * count);
  return size * count;
}

// Scheme and host: queries may carry a token.
std::string place_of(const std::string& url) { return url.substr(0, url.find('?')); }

Error failure(CURLcode code, const char* detail, const Exchange& exchange,
              const HttpRequest& request) {
  std::string why = *detail == '\0' ? ::curl_easy_strerror(code) : detail;
  if (exchange.too_long) {
    why = "the answer is longer than " + std::to_string(exchange.most_body) + " bytes";
  } else if (code == CURLE_ABORTED_BY_CALLBACK) {
    why = "the server closed the connection without an answer";
  }
  const std::string message =
      request.method + " " + place_of(request.url) + ": " + std::string(base::trim(why));
  if (exchange.sent == 0) {
    return Error(ErrorKind::kTryAgain, message).code(kNotSent);
  }
  return Error(ErrorKind::kTryAgain, message + " (after the request was sent)").code(kNoAnswer);
}

bool has_hashed_names(const std::string& directory) {
  std::error_code error;
  std::filesystem::directory_iterator entry(directory, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (entry->path().extension() == ".0") {
      return true;
    }
  }
  return false;
}

void choose_certificates(CurlOptions& options) {
  const std::string directory = "/etc/ssl/certs";
  if (options.ca_file.empty() && options.ca_path.empty() && has_hashed_names(directory)) {
    options.ca_path = directory;
  }
}

class CurlTransport : public Transport {
 public:
  explicit CurlTransport(CurlOptions options) : options_(std::move(options)) {
    static const CURLcode started = ::curl_global_init(CURL_GLOBAL_DEFAULT);
    started_ = started;
    choose_certificates(options_);
  }

  Result<HttpResponse> exchange(const HttpRequest& request) override {
    Easy easy = take_idle();
    if (started_ != CURLE_OK || easy == nullptr) {
      return Error(ErrorKind::kInternal, "libcurl does not start").code(kNotSent);
    }
    Result<HttpResponse> result = exchange_on(easy.get(), request);
    give_back(std::move(easy));
    return result;
  }

 private:
  Easy take_idle() {
    const std::scoped_lock lock(mutex_);
    if (idle_.empty()) {
      return Easy(::curl_easy_init());
    }
    Easy easy = std::move(idle_.back());
    idle_.pop_back();
    return easy;
  }

  void give_back(Easy easy) {
    ::curl_easy_reset(easy.get());  // keeps connections, TLS sessions and resolved names
    const std::scoped_lock lock(mutex_);
    idle_.push_back(std::move(easy));
  }

  Result<HttpResponse> exchange_on(CURL* easy, const HttpRequest& request) {
    Exchange exchange;
    exchange.most_body = options_.most_body;
    char detail[CURL_ERROR_SIZE] = "";
    set_common(easy, exchange, detail);
    ::curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
    ::curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                       static_cast<long>(options_.connect_timeout.count()));
    ::curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
    const List headers = set_message(easy, request);

    const CURLcode code = ::curl_easy_perform(easy);
    if (code != CURLE_OK) {
      return failure(code, detail, exchange, request);
    }
    long status = 0;
    ::curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    exchange.response.status = static_cast<int>(status);
    return std::move(exchange.response);
  }

  void set_common(CURL* easy, Exchange& exchange, char* detail) const {
    ::curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    ::curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, detail);
    ::curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    ::curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    ::curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    ::curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    ::curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, kMostIdleSeconds);
    ::curl_easy_setopt(easy, CURLOPT_USERAGENT, "Catena");
    ::curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_request);
    ::curl_easy_setopt(easy, CURLOPT_PREREQDATA, &exchange);
    ::curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    ::curl_easy_setopt(easy, CURLOPT_HEADERDATA, &exchange);
    ::curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    ::curl_easy_setopt(easy, CURLOPT_WRITEDATA, &exchange);
    if (!options_.proxy.empty()) {
      ::curl_easy_setopt(easy, CURLOPT_PROXY, options_.proxy.c_str());
    }
    if (!options_.ca_file.empty() || !options_.ca_path.empty()) {
      const auto or_none = [](const std::string& path) {
        return path.empty() ? nullptr : path.c_str();
      };
      ::curl_easy_setopt(easy, CURLOPT_CAINFO, or_none(options_.ca_file));
      ::curl_easy_setopt(easy, CURLOPT_CAPATH, or_none(options_.ca_path));
    }
  }

  // Way, method, body and headers; the list must live as long as the exchange.
  static List set_message(CURL* easy, const HttpRequest& request) {
    if (request.direct) {
      ::curl_easy_setopt(easy, CURLOPT_PROXY, "");
    }
    List headers;
    // Without a value libcurl leaves out the header it would add by itself.
    append(headers, "Expect:");
    bool typed = false;
    for (const auto& [name, value] : request.headers) {
      std::string line = name;
      append(headers, value.empty() ? line.append(";") : line.append(": ").append(value));
      typed = typed || base::equal_ignoring_case(name, "Content-Type");
    }
    if (!typed) {
      append(headers, "Content-Type:");
    }
    if (request.method == "GET" && request.body.empty()) {
      ::curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    } else {
      ::curl_easy_setopt(easy, CURLOPT_POST, 1L);
      ::curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                         static_cast<curl_off_t>(request.body.size()));
      ::curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.c_str());
      ::curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    }
    ::curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
    return headers;
  }

  CurlOptions options_;
  CURLcode started_ = CURLE_OK;
  std::mutex mutex_;
  std::vector<Easy> idle_;
};

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

CurlOptions curl_options_from_environment() {
  CurlOptions options;
  options.ca_file = environment("SSL_CERT_FILE");
  options.ca_path = environment("SSL_CERT_DIR");
  return options;
}

std::unique_ptr<Transport> make_curl_transport(CurlOptions options) {
  return std::make_unique<CurlTransport>(std::move(options));
}

}  // namespace catena::cloud
