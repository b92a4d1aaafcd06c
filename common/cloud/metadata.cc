#include "common/cloud/metadata.h"

#include <algorithm>
#include <utility>

#include "common/base/text.h"
#include "common/cloud/patient_exchange.h"

namespace catena::cloud {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kTokenLife{21'600};  // the longest that the service grants
constexpr std::string_view kTokenHeader = "X-aliyun-ecs-metadata-token";
constexpr std::string_view kTokenLifeHeader = "X-aliyun-ecs-metadata-token-ttl-seconds";
constexpr std::string_view kNotHere =
    "is this an ECS instance, and is the metadata service reachable from this network namespace?";

std::string without_trailing_space(std::string_view text) {
  const std::size_t end = text.find_last_not_of(" \t\r\n");
  return std::string(text.substr(0, end == std::string_view::npos ? 0 : end + 1));
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

Error refused(const std::string& what, int status) {
  Error error(may_pass(status) ? ErrorKind::kTryAgain : ErrorKind::kIo,
              what + ": the metadata service answered " + std::to_string(status));
  if (status == 403) {
    return std::move(error).advice(
        "check MetadataOptions of the instance: HttpEndpoint must be enabled");
  }
  return error;
}

}  // namespace

Result<MetadataOptions> metadata_options(const Environment& environment) {
  MetadataOptions options;
  if (std::string endpoint = environment("ALIBABA_CLOUD_IMDS_ENDPOINT"); !endpoint.empty()) {
    endpoint = endpoint.find("://") == std::string::npos ? "http://" + endpoint : endpoint;
    endpoint.resize(endpoint.size() - (endpoint.back() == '/' ? 1 : 0));
    const std::string host = endpoint.substr(endpoint.find("://") + 3);
    if ((!endpoint.starts_with("http://") && !endpoint.starts_with("https://")) || host.empty() ||
        host.find_first_of("/?# \t") != std::string::npos) {
      return Error(
          ErrorKind::kBadConfig,
          "ALIBABA_CLOUD_IMDS_ENDPOINT: expected http://host[:port], got \"" + endpoint + "\"");
    }
    options.endpoint = endpoint;
  }
  options.allow_plain = !is_on(environment("ALIBABA_CLOUD_IMDSV1_DISABLED"));
  options.use_token = !is_on(environment("ALIBABA_CLOUD_IMDSV2_DISABLED"));
  if (!options.allow_plain && !options.use_token) {
    return Error(
        ErrorKind::kBadConfig,
        "ALIBABA_CLOUD_IMDSV1_DISABLED and ALIBABA_CLOUD_IMDSV2_DISABLED: both modes of the "
        "metadata service are disabled");
  }
  return options;
}

Metadata::Metadata(Transport& transport, Pace& pace, MetadataOptions options)
    : transport_(transport), pace_(pace), options_(std::move(options)) {}

// One item: the token, the request, and what to do where either is refused.
class Metadata::Exchange {
 public:
  Exchange(Metadata& owner, std::string_view path)
      : owner_(owner),
        url_(owner.options_.endpoint + "/latest/meta-data/" + std::string(path)),
        end_(owner.pace_.elapsed() + owner.options_.budget) {}

  Result<std::optional<std::string>> run() {
    HttpResponse answer = TRY(ask());
    if (const bool stale = answer.status == 401 && !token_.empty(); stale) {
      owner_.drop_token(token_);
      answer = TRY(ask());
    } else if (knew_plain_ && (answer.status == 401 || answer.status == 403)) {
      owner_.drop_token("");  // the instance was hardened since
      answer = TRY(ask());
    }
    if (answer.status == 404) {
      return std::optional<std::string>();
    }
    if (answer.status != 200) {
      return refused("GET " + url_, answer.status);
    }
    return std::optional<std::string>(without_trailing_space(answer.body));
  }

 private:
  Result<HttpResponse> ask() {
    token_ = TRY(token());
    return exchange("GET", url_,
                    token_.empty() ? Headers{} : Headers{{std::string(kTokenHeader), token_}});
  }

  // Empty: plain mode.
  Result<std::string> token() {
    if (!owner_.options_.use_token) {
      return std::string();
    }
    {
      const std::lock_guard lock(owner_.mutex_);
      knew_plain_ = owner_.plain_;
      if (owner_.plain_) {
        return std::string();
      }
    }
    std::string known = owner_.known_token();
    return known.empty() ? fetch_token() : Result<std::string>(std::move(known));
  }

  Result<std::string> fetch_token() {
    const std::string url = owner_.options_.endpoint + "/latest/api/token";
    const HttpResponse answer = TRY(exchange(
        "PUT", url, {{std::string(kTokenLifeHeader), std::to_string(kTokenLife.count())}}));
    if (answer.status == 403 || answer.status == 404) {
      if (owner_.options_.allow_plain) {
        const std::lock_guard lock(owner_.mutex_);
        owner_.plain_ = true;
        return std::string();
      }
      return refused("PUT " + url, answer.status)
          .append("; requests without a token are disabled by ALIBABA_CLOUD_IMDSV1_DISABLED");
    }
    if (answer.status != 200) {
      return refused("PUT " + url, answer.status);
    }
    const std::string token = without_trailing_space(answer.body);
    if (!is_token(token)) {
      return Error(ErrorKind::kUndecodable, "PUT " + url + ": the answer is no token");
    }
    owner_.keep_token(token);
    return token;
  }

  Result<HttpResponse> exchange(const char* method, const std::string& url,
                                const Headers& headers) {
    const auto make = [&] {
      HttpRequest request;
      request.method = method;
      request.url = url;
      request.headers = headers;
      request.timeout = owner_.options_.exchange_timeout;
      request.direct = true;  // a proxy would be asked for its own instance's facts
      return request;
    };
    Result<HttpResponse> answer =
        exchange_patiently(owner_.transport_, owner_.pace_, end_ - owner_.pace_.elapsed(), make);
    if (!answer.ok()) {
      return std::move(answer)
          .error()
          .context(std::string(method) + " " + url)
          .as(ErrorKind::kTryAgain)
          .advice(kNotHere);
    }
    return answer;
  }

  Metadata& owner_;
  std::string url_;
  milliseconds end_;
  std::string token_;
  bool knew_plain_ = false;
};

Result<std::optional<std::string>> Metadata::text(std::string_view path) {
  return Exchange(*this, path).run();
}

Result<std::vector<std::string>> Metadata::listing(std::string_view path) {
  const std::string text = TRY(this->text(path)).value_or("");
  std::vector<std::string> lines;
  for (std::string_view line : base::split(text, '\n')) {
    while (!line.empty() && (line.back() == '/' || line.back() == '\r' || line.back() == ' ')) {
      line.remove_suffix(1);
    }
    if (!line.empty()) {
      lines.emplace_back(line);
    }
  }
  return lines;
}

std::string Metadata::known_token() {
  const std::lock_guard lock(mutex_);
  const bool young = pace_.elapsed() - token_since_ < kTokenLife / 2;
  return young ? token_ : std::string();
}

void Metadata::keep_token(const std::string& token) {
  const std::lock_guard lock(mutex_);
  token_ = token;
  token_since_ = pace_.elapsed();
}

void Metadata::drop_token(const std::string& token) {
  const std::lock_guard lock(mutex_);
  plain_ = false;
  if (token_ == token) {
    token_.clear();
  }
}

}  // namespace catena::cloud
