#include "common/cloud/sts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/cloud/credential_answer.h"
#include "tests/unit/cloud/scripted.h"

namespace catena::cloud {
namespace {

using base::ErrorKind;
using nlohmann::json;
using test::answer;
using test::ScriptedPace;
using test::ScriptedTransport;
using testing::HasSubstr;
using testing::Not;

const std::string kUrl = "https://sts-vpc.cn-hangzhou.aliyuncs.com/";

AssumeRoleWithOidc request() {
  AssumeRoleWithOidc made;
  made.role_arn = "acs:ram::1234:role/catena";
  made.provider_arn = "acs:ram::1234:oidc-provider/ack-rrsa-c1";
  made.token = "eyJ.secret-token.sig";
  return made;
}

json issued() {
  return {{"RequestId", "R-1"},
          {"Credentials",
           {{"AccessKeyId", "STS.1"},
            {"AccessKeySecret", "secret"},
            {"SecurityToken", "CAIS+/="},
            {"Expiration", "2026-01-02T04:04:05Z"}}}};
}

TEST(AssumeRoleWithOidc, SendsAnUnsignedFormAndGivesTheSet) {
  ScriptedPace pace;
  ScriptedTransport transport([](const HttpRequest&) { return answer(200, issued().dump()); });
  const auto credentials = assume_role_with_oidc(transport, pace, kUrl, request());
  ASSERT_TRUE(credentials.ok()) << credentials.error().message();
  EXPECT_EQ(*credentials,
            (Credentials{"STS.1", "secret", "CAIS+/=", parse_utc("2026-01-02T04:04:05Z").value()}));
  const HttpRequest sent = transport.requests().at(0);
  EXPECT_EQ(sent.method, "POST");
  EXPECT_THAT(sent.url, testing::StartsWith(kUrl + "?Action=AssumeRoleWithOIDC&Format=JSON&"));
  EXPECT_THAT(sent.url, HasSubstr("Timestamp=2026-01-02T03%3A04%3A05Z&Version=2015-04-01"));
  EXPECT_THAT(sent.url, Not(HasSubstr("AccessKeyId")));
  EXPECT_EQ(sent.body,
            "DurationSeconds=3600&OIDCProviderArn=acs%3Aram%3A%3A1234%3Aoidc-provider%2Fack-rrsa-c1"
            "&OIDCToken=eyJ.secret-token.sig&RoleArn=acs%3Aram%3A%3A1234%3Arole%2Fcatena"
            "&RoleSessionName=catena");
  EXPECT_EQ(test::header_of(sent, "content-type"), "application/x-www-form-urlencoded");
}

TEST(AssumeRoleWithOidc, APolicyIsSentWhereThereIsOne) {
  ScriptedPace pace;
  ScriptedTransport transport([](const HttpRequest&) { return answer(200, issued().dump()); });
  AssumeRoleWithOidc narrowed = request();
  narrowed.policy = "{}";
  ASSERT_TRUE(assume_role_with_oidc(transport, pace, kUrl, narrowed).ok());
  EXPECT_THAT(transport.requests().at(0).body, HasSubstr("&Policy=%7B%7D&"));
}

TEST(AssumeRoleWithOidc, LostAndBusyAnswersAreAskedForAgainWithANewNonce) {
  ScriptedPace pace;
  int calls = 0;
  ScriptedTransport transport([&](const HttpRequest&) {
    ++calls;
    return calls == 1 ? test::no_answer() : calls == 2 ? answer(503) : answer(200, issued().dump());
  });
  EXPECT_TRUE(assume_role_with_oidc(transport, pace, kUrl, request()).ok());
  ASSERT_EQ(transport.requests().size(), 3U);
  EXPECT_NE(transport.requests()[0].url, transport.requests()[1].url);
}

TEST(AssumeRoleWithOidc, ARefusalCarriesTheCodeAndNotTheToken) {
  ScriptedPace pace;
  ScriptedTransport transport([](const HttpRequest&) {
    return answer(400, R"({"Code":"AuthenticationFail.OIDCToken.Expired","Message":"This JWT has )"
                       R"(expired.","RequestId":"R-2"})");
  });
  const auto refused = assume_role_with_oidc(transport, pace, kUrl, request());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), "AuthenticationFail.OIDCToken.Expired");
  EXPECT_THAT(refused.error().message(),
              HasSubstr("400 AuthenticationFail.OIDCToken.Expired: This JWT has expired. "
                        "(RequestId R-2)"));
  EXPECT_THAT(refused.error().message(), HasSubstr(kUrl));
  EXPECT_THAT(refused.error().text(), Not(HasSubstr("secret-token")));
  EXPECT_EQ(transport.requests().size(), 1U);
}

TEST(AssumeRoleWithOidc, GarbageIsAnErrorWithoutSecrets) {
  const auto said = [](const std::string& body, int status) {
    ScriptedPace pace;
    ScriptedTransport transport([&](const HttpRequest&) { return answer(status, body); });
    const auto refused = assume_role_with_oidc(transport, pace, kUrl, request());
    return refused.ok() ? std::string("ok") : refused.error().text();
  };
  EXPECT_THAT(said("<html>", 200), HasSubstr("not JSON"));
  EXPECT_THAT(said("<html>", 400), HasSubstr("STS answered 400"));
  EXPECT_THAT(said("{}", 200), HasSubstr("no Credentials"));
  EXPECT_THAT(said(R"({"Credentials":5})", 200), HasSubstr("expected an object"));
  for (const char* key : {"AccessKeyId", "AccessKeySecret", "SecurityToken", "Expiration"}) {
    json answer = issued();
    answer["Credentials"].erase(key);
    EXPECT_THAT(said(answer.dump(), 200), Not(testing::AnyOf("ok", HasSubstr("CAIS")))) << key;
  }
}

TEST(StsUrl, EnvironmentComesBeforeWhatTheCallerKnows) {
  const auto url = [](std::map<std::string, std::string> variables, const std::string& fallback) {
    return sts_url(test::environment_of(std::move(variables)), fallback);
  };
  EXPECT_EQ(url({}, ""), "https://sts.aliyuncs.com/");
  EXPECT_EQ(url({}, kUrl), kUrl);
  EXPECT_EQ(url({{"ALIBABA_CLOUD_STS_REGION", "cn-beijing"}}, kUrl),
            "https://sts.cn-beijing.aliyuncs.com/");
  EXPECT_EQ(url({{"ALIBABA_CLOUD_STS_REGION", "cn-beijing"},
                 {"ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED", "true"}},
                kUrl),
            "https://sts-vpc.cn-beijing.aliyuncs.com/");
  EXPECT_EQ(url({{"ALIBABA_CLOUD_STS_ENDPOINT", "127.0.0.1:8080"},
                 {"ALIBABA_CLOUD_STS_HTTP_SCHEME", "HTTP"}},
                kUrl),
            "http://127.0.0.1:8080/");
  EXPECT_EQ(url({{"ALIBABA_CLOUD_STS_ENDPOINT", "sts.example"}, {"ALICLOUD_CLIENT_SCHEME", "HTTP"}},
                kUrl),
            "http://sts.example/");
  EXPECT_EQ(url({{"ALIBABA_CLOUD_STS_ENDPOINT", "sts.example"}}, kUrl), "https://sts.example/");
  EXPECT_EQ(url({{"ALIBABA_CLOUD_STS_ENDPOINT", "http://127.0.0.1:8080"}}, kUrl),
            "http://127.0.0.1:8080/");
}

}  // namespace
}  // namespace catena::cloud
