#include "common/cloud/sts.h"

#include <openssl/rand.h>

#include <nlohmann/json.hpp>

#include "common/base/text.h"
#include "common/base/utc.h"
#include "common/cloud/credential_answer.h"
#include "common/cloud/encode.h"
#include "common/cloud/patient_exchange.h"
#include "common/cloud/secret_file.h"

namespace catena::cloud {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;

constexpr std::string_view kCentral = "https://sts.aliyuncs.com/";

Result<std::string> new_nonce() {
  std::string bytes(16, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size())) !=
      1) {
    return Error(ErrorKind::kIo, "no random bytes for a nonce");
  }
  return hex(bytes);
}

HttpRequest post(const std::string& url, const AssumeRoleWithOidc& request,
                 const std::string& timestamp, const std::string& nonce) {
  Params form{{"RoleArn", request.role_arn},
              {"OIDCProviderArn", request.provider_arn},
              {"OIDCToken", request.token},
              {"RoleSessionName", request.session_name},
              {"DurationSeconds", std::to_string(request.duration.count())}};
  if (!request.policy.empty()) {
    form.emplace_back("Policy", request.policy);
  }
  HttpRequest made;
  made.method = "POST";
  made.url = url + "?" +
             canonical_query({{"Action", "AssumeRoleWithOIDC"},
                              {"Version", "2015-04-01"},
                              {"Format", "JSON"},
                              {"Timestamp", timestamp},
                              {"SignatureNonce", nonce}});
  made.headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                  {"Accept", "application/json"}};
  made.body = canonical_query(std::move(form));
  made.timeout = request.budget;
  return made;
}

Error refusal(const HttpResponse& answer) {
  const ErrorKind kind = may_pass(answer.status) ? ErrorKind::kTryAgain : ErrorKind::kIo;
  const std::string status = std::to_string(answer.status);
  const Result<nlohmann::json> json = parse_secret_json(answer.body);
  const std::string code = json.ok() && json->contains("Code") && (*json)["Code"].is_string()
                               ? (*json)["Code"].get_ref<const std::string&>()
                               : std::string();
  if (code.empty()) {
    return Error(kind, "STS answered " + status);
  }
  const auto text_at = [&](const char* key) {
    Result<std::string> text = secret_text(*json, key);
    return text.ok() ? std::move(text).value() : std::string();
  };
  return Error(kind, "STS answered " + status + " " + code + ": " + text_at("Message") +
                         " (RequestId " + text_at("RequestId") + ")")
      .code(code);
}

}  // namespace

Result<Credentials> assume_role_with_oidc(Transport& transport, Pace& pace, const std::string& url,
                                          const AssumeRoleWithOidc& request) {
  const std::string doing = "AssumeRoleWithOIDC for " + request.role_arn + " at " + url;
  const std::string nonce = TRY(new_nonce());
  int sent = 0;
  const auto make = [&] {
    return post(url, request, base::utc_text(pace.wall()), nonce + std::to_string(++sent));
  };
  Result<HttpResponse> answer = exchange_patiently(transport, pace, request.budget, make);
  if (!answer.ok()) {
    return std::move(answer).error().context(doing).as(ErrorKind::kTryAgain);
  }
  if (answer->status != 200) {
    return refusal(*answer).context(doing);
  }
  const nlohmann::json json = TRY(parse_secret_json(answer->body).context(doing));
  const auto issued = json.find("Credentials");
  if (issued == json.end()) {
    return Error(ErrorKind::kUndecodable, doing + ": the answer has no Credentials");
  }
  Credentials credentials = TRY(credentials_of(*issued).context(doing));
  if (credentials.token.empty() || !credentials.expiration) {
    return Error(ErrorKind::kUndecodable,
                 doing + ": the answer has no SecurityToken or Expiration");
  }
  return credentials;
}

std::string sts_url(const Environment& environment, const std::string& fallback) {
  if (const std::string host = environment("ALIBABA_CLOUD_STS_ENDPOINT"); !host.empty()) {
    std::string scheme = environment("ALIBABA_CLOUD_STS_HTTP_SCHEME");
    scheme = scheme.empty() ? environment("ALICLOUD_CLIENT_SCHEME") : scheme;
    const bool has_scheme = host.find("://") != std::string::npos;
    const bool plain = base::equal_ignoring_case(scheme, "http");
    const std::string url = has_scheme ? host : (plain ? "http://" : "https://") + host;
    return url.ends_with('/') ? url : url + "/";
  }
  if (const std::string region = environment("ALIBABA_CLOUD_STS_REGION"); !region.empty()) {
    const bool inside = is_on(environment("ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED"));
    return (inside ? "https://sts-vpc." : "https://sts.") + region + ".aliyuncs.com/";
  }
  return fallback.empty() ? std::string(kCentral) : fallback;
}

}  // namespace catena::cloud
