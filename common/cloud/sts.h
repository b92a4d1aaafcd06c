// STS: a role's credentials for a token of the cluster's OIDC issuer (RRSA).
#pragma once

#include <chrono>
#include <string>

#include "common/base/result.h"
#include "common/cloud/credentials.h"
#include "common/cloud/environment.h"
#include "common/cloud/http.h"
#include "common/cloud/pace.h"

namespace catena::cloud {

struct AssumeRoleWithOidc {
  std::string role_arn;
  std::string provider_arn;
  std::string token;  // the OIDC token itself; never shown
  std::string session_name = "catena";
  std::chrono::seconds duration{3600};       // 900 up to what the role allows
  std::string policy;                        // narrows the role; empty: all of it
  std::chrono::milliseconds budget{15'000};  // repetitions and waits included
};

// Unsigned POST to `url` ("https://sts.<region>.aliyuncs.com/"), repeated within the budget where
// nothing or 429 or 5xx was answered: an issued set costs nothing. A refusal carries STS's code and
// message.
base::Result<Credentials> assume_role_with_oidc(Transport& transport, Pace& pace,
                                                const std::string& url,
                                                const AssumeRoleWithOidc& request);

// Where STS is reached: ALIBABA_CLOUD_STS_ENDPOINT (scheme by ALIBABA_CLOUD_STS_HTTP_SCHEME
// or ALICLOUD_CLIENT_SCHEME), else
// the region ALIBABA_CLOUD_STS_REGION (inside the VPC with ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED),
// else `fallback`, else the central one.
std::string sts_url(const Environment& environment, const std::string& fallback);

}  // namespace catena::cloud
