// What one call does about each way in which it can go wrong.
#include "common/cloud/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/cloud/client_fixture.h"

namespace catena::cloud {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST_F(ClientTest, AnAnswerIsItsJson) {
  transport().then(answer(R"({"RequestId":"R-1","Answer":42})"));
  const auto body = describe();
  ASSERT_TRUE(body.ok()) << body.error().text();
  EXPECT_EQ((*body)["Answer"], 42);
  EXPECT_THAT(transport().request(0).url,
              StartsWith("https://ecs-vpc.cn-hangzhou.aliyuncs.com/?RegionId=x"));
  EXPECT_EQ(transport().header(0, "x-acs-action"), "DescribeInstances");
  EXPECT_EQ(transport().header(0, "x-acs-version"), "2014-05-26");
  EXPECT_EQ(transport().header(0, "x-acs-date"), "2026-01-02T03:04:00Z");
  EXPECT_EQ(transport().request(0).timeout, seconds(20));
}

TEST_F(ClientTest, TheOldSignatureSendsParameters) {
  Client client(transport(), cloud_.pace, cloud_.credentials, nullptr,
                Cloud::options(Signing::kRpc1));
  transport().then(answer(std::string(kBody)));
  ASSERT_TRUE(client.call(Product::kVpc, "DescribeVpcs", {}).ok());
  const auto params = transport().params(0);
  EXPECT_EQ(params.at("Action"), "DescribeVpcs");
  EXPECT_EQ(params.at("Version"), "2016-04-28");
  EXPECT_EQ(params.at("Format"), "JSON");
  EXPECT_EQ(params.at("SignatureVersion"), "1.0");
  EXPECT_EQ(transport().header(0, "Authorization"), "");
}

TEST_F(ClientTest, AnErrorNamesActionCodeMessageAndRequestId) {
  transport().then(refuse("InvalidVSwitchId.IpNotEnough", 403, {}, "The vSwitch is full."));
  const auto body = change();
  ASSERT_FALSE(body.ok());
  EXPECT_EQ(body.error().code(), "InvalidVSwitchId.IpNotEnough");
  EXPECT_TRUE(body.error().is(base::ErrorKind::kTryAgain));
  EXPECT_EQ(body.error().message(),
            "AttachNetworkInterface: InvalidVSwitchId.IpNotEnough: The vSwitch is full. (HTTP 403, "
            "RequestId R-1)");
  EXPECT_THAT(body.error().advice(), HasSubstr("vSwitch"));
  EXPECT_EQ(class_of(body.error()), ErrorClass::kQuota);
  EXPECT_EQ(reaction_to(body.error()), Reaction::kOtherVSwitch);
  EXPECT_EQ(transport().calls(), 1U);
}

TEST_F(ClientTest, ARepetitionHasANewNonceAndTimestampAndTheSameToken) {
  transport().then(fail(kNoAnswer));
  transport().then(refuse("InternalError", 500));
  transport().then(answer("<html>502</html>", 502));
  transport().then(answer(std::string(kBody)));
  ASSERT_TRUE(change("token-1").ok());
  ASSERT_EQ(transport().calls(), 4U);
  std::set<std::string> nonces;
  std::set<std::string> dates;
  for (std::size_t i = 0; i < 4; ++i) {
    nonces.insert(transport().header(i, "x-acs-signature-nonce"));
    dates.insert(transport().header(i, "x-acs-date"));
    EXPECT_EQ(transport().params(i).at("ClientToken"), "token-1");
  }
  EXPECT_EQ(nonces.size(), 4U);
  EXPECT_GT(dates.size(), 2U);
}

TEST_F(ClientTest, WhatMayHaveBeenDoneIsNotRepeatedWithoutAToken) {
  for (const Scripted& lost :
       {fail(kNoAnswer), refuse("InternalError", 500), refuse("ServiceUnavailable", 503),
        refuse("SignatureNonceUsed"), refuse("Unheard.Of", 500), answer("gateway", 502),
        answer("{\"cut", 200), answer("[1]", 200), answer("", 200)}) {
    transport().then(lost);
    const std::size_t before = transport().calls();
    const auto body = change();
    ASSERT_FALSE(body.ok());
    EXPECT_EQ(transport().calls(), before + 1) << body.error().text();
    EXPECT_TRUE(may_have_been_done(body.error())) << body.error().text();
    EXPECT_TRUE(body.error().is(base::ErrorKind::kTryAgain)) << body.error().text();
    EXPECT_THAT(body.error().message(), HasSubstr("may have been done"));
  }
}

TEST_F(ClientTest, WhatNeverLeftIsRepeated) {
  transport().then(fail(kNotSent));
  transport().then(fail(kNotSent));
  transport().then(answer(std::string(kBody)));
  EXPECT_TRUE(change().ok());
  EXPECT_EQ(transport().calls(), 3U);
}

TEST_F(ClientTest, ReadingIsAlwaysRepeated) {
  transport().then(fail(kNoAnswer));
  transport().then(answer("<html>", 504));
  transport().then(refuse("SystemBusy", 500));
  transport().then(answer(std::string(kBody)));
  EXPECT_TRUE(describe().ok());
}

TEST_F(ClientTest, AnUnreachableEndpointEndsWithTheBudgetAndSaysWhatToDo) {
  transport().always(fail(kNotSent));
  const auto body = describe();
  ASSERT_FALSE(body.ok());
  EXPECT_EQ(body.error().code(), kNotSent);
  EXPECT_THAT(body.error().advice(),
              AllOf(HasSubstr("ALICLOUD_ENDPOINT_TYPE"), HasSubstr("ECS_ENDPOINT")));
  EXPECT_THAT(body.error().message(), HasSubstr("tries in"));
  EXPECT_EQ(body.error().text().find('\n'), std::string::npos);
  EXPECT_LE(cloud_.pace.elapsed(), seconds(60));
  EXPECT_GT(cloud_.pace.elapsed(), seconds(30));
  EXPECT_LT(transport().calls(), 20U) << "backs off";
}

TEST_F(ClientTest, AnExchangeNeverOutlivesTheBudget) {
  transport().always([this](const HttpRequest& request) {
    cloud_.pace.sleep(request.timeout);
    return fail(kNoAnswer)(request);
  });
  ASSERT_FALSE(describe().ok());
  EXPECT_LE(cloud_.pace.elapsed(), seconds(60));
  for (std::size_t i = 0; i < transport().calls(); ++i) {
    EXPECT_LE(transport().request(i).timeout, seconds(20));
  }
}

TEST_F(ClientTest, ALostAnswerIsNotForgottenWhenALaterTryIsOnlyTurnedAway) {
  transport().then(fail(kNoAnswer));
  transport().always(fail(kNotSent));
  const auto body = change("token-1", seconds(10));
  ASSERT_FALSE(body.ok());
  EXPECT_EQ(body.error().code(), kNoAnswer);
  EXPECT_TRUE(may_have_been_done(body.error()));
  EXPECT_THAT(body.error().message(), HasSubstr("a later try"));
}

TEST_F(ClientTest, AnAnswerThatJudgesTheTokenSettlesALostOne) {
  transport().then(fail(kNoAnswer));
  transport().then(refuse("InvalidVSwitchId.IpNotEnough", 403));
  const auto body = change("token-1");
  ASSERT_FALSE(body.ok());
  EXPECT_EQ(body.error().code(), "InvalidVSwitchId.IpNotEnough");
  EXPECT_FALSE(may_have_been_done(body.error()));
}

TEST_F(ClientTest, ABurntTokenIsTheCallersToReplace) {
  for (const char* code : {"IdempotentFailed", "IdempotentParameterMismatch",
                           "InvalidIdempotenceParameter.Mismatch"}) {
    transport().then(refuse(code, 403));
    const auto body = change("token-1");
    ASSERT_FALSE(body.ok());
    EXPECT_EQ(reaction_to(body.error()), Reaction::kNewToken) << code;
  }
  EXPECT_EQ(transport().calls(), 3U) << "none is repeated";
}

TEST_F(ClientTest, AnEarlierRequestWithTheTokenIsWaitedFor) {
  transport().then(refuse("LastTokenProcessing", 403));
  transport().then(answer(std::string(kBody)));
  EXPECT_TRUE(change("token-1").ok());
  EXPECT_GE(cloud_.pace.elapsed(), milliseconds(500));
}

TEST_F(ClientTest, StateErrorsAreTheCallersUnlessItAsksToWait) {
  transport().then(refuse("IncorrectRouteEntryStatus"));
  const auto body = change("token-1");
  ASSERT_FALSE(body.ok());
  EXPECT_EQ(class_of(body.error()), ErrorClass::kState);
  EXPECT_EQ(transport().calls(), 1U);

  transport().then(refuse("TaskConflict"));
  transport().then(refuse("TaskConflict"));
  transport().then(answer(std::string(kBody)));
  CallOptions options;
  options.wait_for_state = true;
  EXPECT_TRUE(cloud_.client.call(Product::kVpc, "DeleteRouteEntry", {}, options).ok());
}

TEST_F(ClientTest, RefusedCredentialsAreReadAnewOnce) {
  transport().then(refuse("InvalidSecurityToken.Expired", 403));
  transport().then(answer(std::string(kBody)));
  ASSERT_TRUE(change().ok());
  ASSERT_EQ(cloud_.credentials.rejected().size(), 1U);
  EXPECT_EQ(cloud_.credentials.rejected()[0].key_id, "one");
  EXPECT_THAT(transport().header(1, "Authorization"), HasSubstr("Credential=two,"));
  EXPECT_EQ(cloud_.pace.elapsed(), seconds(0));
}

TEST_F(ClientTest, CredentialsRefusedTwiceAreAnError) {
  transport().always(refuse("InvalidSecurityToken.MismatchWithAccessKey", 403));
  const auto body = describe();
  ASSERT_FALSE(body.ok());
  EXPECT_EQ(class_of(body.error()), ErrorClass::kCredential);
  EXPECT_EQ(transport().calls(), 2U);
  EXPECT_THAT(body.error().advice(), HasSubstr("one issue"));
}

TEST_F(ClientTest, ASourceWithoutOtherCredentialsEndsTheCall) {
  ListedCredentials same({key("one")});
  Client client(transport(), cloud_.pace, same, nullptr, Cloud::options());
  transport().then(refuse("InvalidAccessKeyId.NotFound", 404));
  const auto body = client.call(Product::kEcs, "DescribeInstances", {});
  ASSERT_FALSE(body.ok());
  EXPECT_EQ(transport().calls(), 1U);
  EXPECT_THAT(body.error().message(), HasSubstr("no others"));
}

TEST_F(ClientTest, ASourceThatFailsAfterARefusalIsNamed) {
  ListedCredentials failing({key("one")});
  failing.fail_at_end();
  Client client(transport(), cloud_.pace, failing, nullptr, Cloud::options());
  transport().then(refuse("InvalidSecurityToken.Expired", 403));
  const auto body = client.call(Product::kEcs, "DescribeInstances", {});
  ASSERT_FALSE(body.ok());
  EXPECT_EQ(body.error().code(), "InvalidSecurityToken.Expired");
  EXPECT_THAT(body.error().message(), HasSubstr("no further set"));
}

TEST_F(ClientTest, ASkewedClockIsCorrectedOnceFromTheAnswersDate) {
  cloud_.pace.step(-minutes(40));
  const Headers date = {{"Date", "Fri, 02 Jan 2026 03:04:00 GMT"}};
  transport().then(refuse("InvalidTimeStamp.Expired", 400, date));
  transport().then(answer(std::string(kBody)));
  transport().then(answer(std::string(kBody)));
  ASSERT_TRUE(change().ok());
  EXPECT_EQ(transport().header(0, "x-acs-date"), "2026-01-02T02:24:00Z");
  EXPECT_EQ(transport().header(1, "x-acs-date"), "2026-01-02T03:04:00Z");
  EXPECT_EQ(cloud_.client.clock_skew(), minutes(40));
  ASSERT_TRUE(change().ok());
  EXPECT_EQ(transport().header(2, "x-acs-date"), "2026-01-02T03:04:00Z") << "kept for later calls";
}

TEST_F(ClientTest, AClockThatCannotBeCorrectedIsAnErrorWithAdvice) {
  transport().then(refuse("IllegalTimestamp", 400));
  const auto without_date = describe();
  ASSERT_FALSE(without_date.ok());
  EXPECT_THAT(without_date.error().advice(), HasSubstr("clock"));

  cloud_.pace.step(minutes(40));
  transport().always(refuse("IllegalTimestamp", 400, {{"Date", "Fri, 02 Jan 2026 01:00:00 GMT"}}));
  const std::size_t before = transport().calls();
  EXPECT_FALSE(describe().ok());
  EXPECT_EQ(transport().calls(), before + 2);
}

TEST_F(ClientTest, AWrongSecretIsToldFromAWrongCanonicalisation) {
  Cloud cloud;
  ListedCredentials same({key("one", "top-secret", "my-token")});
  Client client(cloud.transport, cloud.pace, same, nullptr, Cloud::options(Signing::kRpc1));
  cloud.transport.then([&](const HttpRequest&) {
    auto params = cloud.transport.params(0);
    params.erase("Signature");
    const std::string theirs = rpc1_string_to_sign("POST", Params(params.begin(), params.end()));
    return refuse("SignatureDoesNotMatch", 400, {},
                  "No match. server string to sign is:" + theirs)({});
  });
  const auto wrong_secret = client.call(Product::kEcs, "DescribeInstances", {});
  ASSERT_FALSE(wrong_secret.ok());
  EXPECT_THAT(wrong_secret.error().message(), HasSubstr("the secret is wrong"));
  EXPECT_THAT(wrong_secret.error().message(), Not(HasSubstr("my-token")));
  EXPECT_THAT(wrong_secret.error().message(), Not(HasSubstr("top-secret")));

  cloud.transport.then(refuse("SignatureDoesNotMatch", 400, {},
                              "server string to sign is:GET&%2F&AccessKeyId%3Done"));
  const auto wrong_text = client.call(Product::kEcs, "DescribeInstances", {});
  ASSERT_FALSE(wrong_text.ok());
  EXPECT_THAT(wrong_text.error().message(), HasSubstr("canonicalisation"));
}

TEST_F(ClientTest, SecretsQuotedByTheServerAreNotRepeated) {
  Cloud cloud;
  ListedCredentials source({key("one", "the/secret", "the/token+x")});
  Client client(cloud.transport, cloud.pace, source, nullptr, Cloud::options());
  cloud.transport.then(refuse("InvalidParameter", 400, {},
                              "bad: the/token+x the%2Ftoken%2Bx the%252Ftoken%252Bx the/secret"));
  const auto body = client.call(Product::kEcs, "DescribeInstances", {});
  ASSERT_FALSE(body.ok());
  EXPECT_THAT(body.error().message(), HasSubstr("bad: *** *** *** ***"));
}

TEST_F(ClientTest, JitterRepeatsWithItsSeedAndDiffersWithout) {
  const auto waits = [](std::uint64_t seed) {
    Cloud cloud;
    ClientOptions options = Cloud::options();
    options.seed = seed;
    Client client(cloud.transport, cloud.pace, cloud.credentials, nullptr, options);
    cloud.transport.always(fail(kNotSent));
    EXPECT_FALSE(client.call(Product::kEcs, "DescribeInstances", {}).ok());
    return cloud.pace.sleeps();
  };
  EXPECT_EQ(waits(1), waits(1));
  EXPECT_NE(waits(1), waits(2));
  EXPECT_NE(waits(0), waits(0)) << "0: seeded by the kernel";
}

TEST_F(ClientTest, TokensAreFreshAndFitTheApi) {
  const std::string token = cloud_.client.new_token();
  EXPECT_EQ(token.size(), 36U);
  EXPECT_EQ(token[8], '-');
  EXPECT_NE(token, cloud_.client.new_token());
}

TEST_F(ClientTest, RightsThatAreMissingAreNamed) {
  transport().then(
      answer(R"({"RequestId":"R-9","Code":"Forbidden.RAM","Message":"User not authorized.",)"
             R"("AccessDeniedDetail":{"AuthAction":"ecs:AttachNetworkInterface",)"
             R"("AuthPrincipalDisplayName":"node-role","NoPermissionType":"ImplicitDeny"}})",
             403));
  const auto body = change();
  ASSERT_FALSE(body.ok());
  EXPECT_EQ(body.error().advice(), "grant node-role the action ecs:AttachNetworkInterface");
  EXPECT_EQ(transport().calls(), 1U);
}

TEST_F(ClientTest, XmlErrorsAreUnderstood) {
  transport().then(
      answer("<?xml version='1.0'?><Error><RequestId>R-2</RequestId><HostId>e</HostId>"
             "<Code>InvalidEniId.NotFound</Code><Message>a &lt;b&gt;</Message></Error>",
             404));
  const auto body = describe();
  ASSERT_FALSE(body.ok());
  EXPECT_TRUE(body.error().is(base::ErrorKind::kNotFound));
  EXPECT_THAT(body.error().message(), AllOf(HasSubstr("a <b>"), HasSubstr("R-2")));
}

TEST_F(ClientTest, KeysOfErrorsMayBeLowerCase) {
  transport().then(
      answer(R"({"requestId":"R-3","code":"InvalidEniId.NotFound","message":"gone"})", 404));
  const auto body = describe();
  ASSERT_FALSE(body.ok());
  EXPECT_EQ(body.error().code(), "InvalidEniId.NotFound");
  EXPECT_THAT(body.error().message(), HasSubstr("R-3"));
}

TEST_F(ClientTest, AProxysPageIsShownOnOneLine) {
  transport().then(answer("<html>\n<body>Bad Gateway</body>\n</html>", 502));
  const auto body = change();
  ASSERT_FALSE(body.ok());
  EXPECT_EQ(body.error().code(), kGarbage);
  EXPECT_THAT(body.error().message(), AllOf(HasSubstr("HTTP 502"), HasSubstr("Bad Gateway")));
  EXPECT_EQ(body.error().message().find('\n'), std::string::npos);
}

TEST_F(ClientTest, CredentialsThatCannotBeHadAreAnErrorBeforeAnythingIsSent) {
  ListedCredentials none({key("one")});
  none.reject(key("one"));
  none.fail_at_end();
  Client client(transport(), cloud_.pace, none, nullptr, Cloud::options());
  const auto body = client.call(Product::kEcs, "DescribeInstances", {});
  ASSERT_FALSE(body.ok());
  EXPECT_THAT(body.error().message(), HasSubstr("credentials: no further set"));
  EXPECT_EQ(transport().calls(), 0U);
}

}  // namespace
}  // namespace catena::cloud
