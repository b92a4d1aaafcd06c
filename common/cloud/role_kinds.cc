#include "common/cloud/role_kinds.h"

#include <utility>

#include "common/base/text.h"
#include "common/cloud/credential_answer.h"
#include "common/cloud/patient_exchange.h"
#include "common/cloud/secret_file.h"
#include "common/cloud/sts.h"

namespace catena::cloud {
namespace {

using base::Error;
using base::ErrorKind;
using base::Result;

constexpr std::string_view kRolePath = "ram/security-credentials/";

Result<Reading> from_oidc_variables(const Environment& environment, const std::string& url,
                                    Transport& transport, Pace& pace) {
  OidcRole role;
  for (const auto& [name, value] : {std::pair{"ALIBABA_CLOUD_ROLE_ARN", &role.role_arn},
                                    {"ALIBABA_CLOUD_OIDC_PROVIDER_ARN", &role.provider_arn},
                                    {"ALIBABA_CLOUD_OIDC_TOKEN_FILE", &role.token_file}}) {
    *value = environment(name);
    if (value->empty()) {
      return Reading::absent(std::string(name) + " is not set");
    }
  }
  role.session_name = environment("ALIBABA_CLOUD_ROLE_SESSION_NAME");
  return Reading::found(TRY(credentials_of_oidc_role(role, url, transport, pace)));
}

Result<Reading> from_ram_role(const Environment& environment, Metadata& metadata) {
  if (is_on(environment("ALIBABA_CLOUD_ECS_METADATA_DISABLED"))) {
    return Reading::absent("off by ALIBABA_CLOUD_ECS_METADATA_DISABLED");
  }
  return credentials_of_ram_role(environment("ALIBABA_CLOUD_ECS_METADATA"), metadata);
}

Result<Reading> from_uri(const Environment& environment, Transport& transport, Pace& pace) {
  constexpr std::chrono::seconds kTimeout{5};
  constexpr std::chrono::seconds kBudget{15};
  const std::string uri = environment("ALIBABA_CLOUD_CREDENTIALS_URI");
  if (uri.empty()) {
    return Reading::absent("ALIBABA_CLOUD_CREDENTIALS_URI is not set");
  }
  // The address may itself hold a secret, so that errors name the variable alone.
  const std::string doing = "GET of ALIBABA_CLOUD_CREDENTIALS_URI";
  const Result<HttpResponse> answer = exchange_patiently(transport, pace, kBudget, [&] {
    HttpRequest request;
    request.url = uri;
    request.timeout = kTimeout;
    return request;
  });
  if (!answer.ok()) {
    return Error(ErrorKind::kTryAgain, doing + ": no answer").code(answer.error().code());
  }
  if (answer->status != 200) {
    return Error(may_pass(answer->status) ? ErrorKind::kTryAgain : ErrorKind::kIo,
                 doing + ": answered " + std::to_string(answer->status));
  }
  return Reading::found(TRY(parse_credentials(answer->body).context(doing)));
}

}  // namespace

Result<Credentials> credentials_of_oidc_role(const OidcRole& role, const std::string& sts_url,
                                             Transport& transport, Pace& pace) {
  // Named explicitly, so a missing file is no sign that another kind was meant.
  const std::optional<std::string> token = TRY(read_secret_file(role.token_file));
  AssumeRoleWithOidc request;
  request.role_arn = role.role_arn;
  request.provider_arn = role.provider_arn;
  request.token = base::trim(token ? *token : std::string_view());
  request.duration = role.duration;
  if (!role.session_name.empty()) {
    request.session_name = role.session_name;
  }
  if (request.token.empty()) {
    return Error(ErrorKind::kBadConfig,
                 "OIDC token file " + role.token_file + (token ? " is empty" : " does not exist"));
  }
  return assume_role_with_oidc(transport, pace, sts_url, request);
}

Result<Reading> credentials_of_ram_role(const std::string& role, Metadata& metadata) {
  std::string name = role;
  if (name.empty()) {
    const Result<std::vector<std::string>> roles = metadata.listing(kRolePath);
    if (!roles.ok() && roles.error().is(ErrorKind::kTryAgain)) {
      return Reading{std::nullopt, roles.error().message(), true};
    }
    const std::vector<std::string> names = TRY(Result<std::vector<std::string>>(roles));
    if (names.empty()) {
      return Reading::absent("no RAM role is attached to this instance");
    }
    name = names.front();
  }
  const std::optional<std::string> text = TRY(metadata.text(std::string(kRolePath) + name));
  if (!text) {
    return Error(ErrorKind::kBadConfig,
                 "the metadata service has no RAM role \"" + name + "\" for this instance");
  }
  return Reading::found(TRY(parse_credentials(*text).context("RAM role " + name)));
}

CredentialKind oidc_role(Environment environment, std::string url, Transport& transport,
                         Pace& pace) {
  CredentialKind kind;
  kind.name = "RRSA";
  kind.read = [environment = std::move(environment), url = std::move(url), &transport, &pace] {
    return from_oidc_variables(environment, url, transport, pace);
  };
  return kind;
}

CredentialKind ram_role(Environment environment, Metadata& metadata) {
  CredentialKind kind;
  kind.name = "RAM role";
  kind.early = std::chrono::minutes(30);  // by then the service has a new set
  kind.rotates = true;
  kind.read = [environment = std::move(environment), &metadata] {
    return from_ram_role(environment, metadata);
  };
  return kind;
}

CredentialKind credentials_uri(Environment environment, Transport& transport, Pace& pace) {
  CredentialKind kind;
  kind.name = "credentials URI";
  kind.rotates = true;
  kind.read = [environment = std::move(environment), &transport, &pace] {
    return from_uri(environment, transport, pace);
  };
  return kind;
}

}  // namespace catena::cloud
