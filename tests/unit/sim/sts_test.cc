#include "sim/gateway/sts.h"

#include "sim/gateway/signature.h"
#include "tests/unit/sim/gate_fixture.h"

namespace catena::sim {
namespace {

using nlohmann::json;

constexpr const char* kProvider = "acs:ram::1234567890123456:oidc-provider/ack-rrsa-c1";
constexpr const char* kIssuer = "https://oidc-ack-cn-hangzhou.example/c1";

struct Sts : GateTest {
  Sts() {
    Role role;
    role.name = "pods";
    role.account = world->scene().account;
    role.policy = RamPolicy{{"ecs:Describe*"}, {}, {}};
    role.oidc_provider = kProvider;
    role.oidc_issuer = kIssuer;
    gateway.accounts().add_role(role);
    arn = role.arn();
  }

  // Unsigned, as a pod sends it.
  Answer assume(const Parameters& changes = {}) {
    Parameters body = {{"RoleArn", arn},
                       {"OIDCProviderArn", kProvider},
                       {"OIDCToken", make_oidc_token(kIssuer, "system:serviceaccount:a:b",
                                                     world->now() + std::chrono::minutes(10))},
                       {"RoleSessionName", "pod-1"}};
    for (const auto& [name, value] : changes) {
      std::erase_if(body, [&name = name](const auto& pair) { return pair.first == name; });
      body.emplace_back(name, value);
    }
    cloud::HttpRequest request;
    request.method = "POST";
    request.url =
        "https://sts.cn-hangzhou.aliyuncs.com/?Action=AssumeRoleWithOIDC&Version=2015-04-01"
        "&Format=JSON&Timestamp=2026-01-02T03%3A04%3A05Z&SignatureNonce=x";
    request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
    request.body = canonical_query(body);
    return gateway.handle(request);
  }
  static std::string canonical_query(const Parameters& pairs);

  SignedCall with(const json& credentials, const std::string& action) const {
    SignedCall call = call_of(action, {{"RegionId", "cn-hangzhou"}});
    call.key_id = credentials["AccessKeyId"];
    call.secret = credentials["AccessKeySecret"];
    call.token = credentials["SecurityToken"];
    return call;
  }

  std::string arn;
};

std::string Sts::canonical_query(const Parameters& pairs) {
  return catena::sim::canonical_query(pairs);
}

TEST_F(Sts, AServiceAccountTokenIsExchangedForAKeyThatWorks) {
  const json answer = body_of(assume());
  const json& credentials = answer["Credentials"];
  EXPECT_THAT(credentials["AccessKeyId"].get<std::string>(), testing::StartsWith("STS."));
  EXPECT_EQ(credentials["Expiration"], "2026-01-02T04:04:05Z");
  EXPECT_EQ(answer["AssumedRoleUser"]["Arn"], "acs:ram::1234567890123456:assumed-role/pods/pod-1");
  EXPECT_EQ(answer["OIDCTokenInfo"]["Subject"], "system:serviceaccount:a:b");
  EXPECT_TRUE(answer.contains("RequestId"));
  EXPECT_EQ(verdict(with(credentials, "DescribeInstances")), "200");
  EXPECT_EQ(verdict_of(gateway.handle(acs3_request(with(credentials, "DescribeInstances")))),
            "200");
  const json refused = this->answer(with(credentials, "DeleteNetworkInterface"));
  EXPECT_EQ(refused["Code"], "Forbidden.RAM");
  EXPECT_EQ(refused["AccessDeniedDetail"]["AuthPrincipalType"], "AssumedRoleUser");
}

TEST_F(Sts, WhatIsWrongWithTheExchangeIsSaid) {
  EXPECT_EQ(verdict_of(assume({{"RoleArn", "acs:ram::1:role/none"}})), "404 EntityNotExist.Role");
  EXPECT_EQ(verdict_of(assume({{"OIDCProviderArn", "acs:ram::1:oidc-provider/x"}})),
            "403 NoPermission");
  EXPECT_EQ(verdict_of(assume({{"RoleArn", ""}})), "400 MissingParameter");
  EXPECT_EQ(verdict_of(assume({{"OIDCToken", "nonsense"}})),
            "401 AuthenticationFail.OIDCToken.Invalid");
  EXPECT_EQ(verdict_of(assume({{"OIDCToken", "a.b.c"}})),
            "401 AuthenticationFail.OIDCToken.Invalid");
  EXPECT_EQ(verdict_of(assume({{"OIDCToken", make_oidc_token(kIssuer, "s", world->now())}})),
            "401 AuthenticationFail.OIDCToken.Expired");
  EXPECT_EQ(
      verdict_of(assume({{"OIDCToken", make_oidc_token("https://other", "s",
                                                       world->now() + std::chrono::hours(1))}})),
      "401 AuthenticationFail.OIDCToken.IssuerNotMatch");
  EXPECT_EQ(verdict_of(assume({{"RoleSessionName", "a b"}})),
            "400 InvalidParameter.RoleSessionName");
  for (const char* const seconds : {"899", "3601", "x", "-1", "99999999999"}) {
    EXPECT_EQ(verdict_of(assume({{"DurationSeconds", seconds}})),
              "400 InvalidParameter.DurationSeconds")
        << seconds;
  }
  EXPECT_EQ(verdict_of(assume({{"Policy", "{"}})), "400 InvalidParameter.PolicyGrammar");
}

TEST_F(Sts, ASessionPolicyOnlyNarrows) {
  const json credentials = body_of(assume(
      {{"Policy",
        R"({"Version":"1","Statement":[{"Effect":"Allow","Action":"ecs:DescribeInstances","Resource":"*"}]})"}}))
      ["Credentials"];
  EXPECT_EQ(verdict(with(credentials, "DescribeInstances")), "200");
  const json refused = answer(with(credentials, "DescribeNetworkInterfaces"));
  EXPECT_EQ(refused["AccessDeniedDetail"]["PolicyType"], "SessionPolicy");
}

TEST_F(Sts, ATemporaryKeyExpires) {
  const json credentials = body_of(assume({{"DurationSeconds", "900"}}))["Credentials"];
  world->advance(std::chrono::seconds(899));
  EXPECT_EQ(verdict(with(credentials, "DescribeInstances")), "200");
  world->advance(std::chrono::seconds(1));
  EXPECT_EQ(verdict(with(credentials, "DescribeInstances")), "400 InvalidSecurityToken.Expired");
}

TEST_F(Sts, TokenAndKeyOfDifferentSetsAreNoticed) {
  const json first = body_of(assume())["Credentials"];
  const json second = body_of(assume())["Credentials"];
  SignedCall call = with(first, "DescribeInstances");
  call.token = second["SecurityToken"];
  EXPECT_EQ(verdict(call), "400 InvalidSecurityToken.MismatchWithAccessKey");
  call.token = "CAIS";
  EXPECT_EQ(verdict(call), "400 InvalidSecurityToken.Malformed");
  call.token.clear();
  EXPECT_EQ(verdict(call), "400 MissingSecurityToken");
  call = with(first, "DescribeInstances");
  call.secret = second["AccessKeySecret"];
  EXPECT_EQ(verdict(call), "400 SignatureDoesNotMatch");
  call = call_of("DescribeInstances", {{"RegionId", "cn-hangzhou"}});
  call.token = first["SecurityToken"];
  EXPECT_EQ(verdict(call), "400 InvalidSecurityToken.MismatchWithAccessKey");
}

TEST_F(Sts, AKeyMayAssumeARole) {
  SignedCall call = call_of("AssumeRole", {{"RoleArn", arn}, {"RoleSessionName", "session"}});
  call.host = "sts.aliyuncs.com";
  call.version = "2015-04-01";
  const json credentials = answer(call)["Credentials"];
  EXPECT_EQ(verdict(with(credentials, "DescribeInstances")), "200");
  SignedCall who = with(credentials, "GetCallerIdentity");
  who.host = "sts.aliyuncs.com";
  who.version = "2015-04-01";
  EXPECT_EQ(answer(who)["Arn"], "acs:ram::1234567890123456:assumed-role/pods");
  add_user("LTAIuser", RamPolicy::documented());
  call.key_id = "LTAIuser";
  call.secret = "secret of LTAIuser";
  EXPECT_EQ(verdict(call), "403 NoPermission");
}

}  // namespace
}  // namespace catena::sim
