#include "tests/unit/sim/gate_fixture.h"

namespace catena::sim {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

struct Authentication : GateTest {
  SignedCall describe() const {
    return call_of("DescribeNetworkInterfaces", {{"RegionId", "cn-hangzhou"}});
  }
};

TEST_F(Authentication, BothSchemesAndBothMethodsAreAccepted) {
  for (const char* const method : {"GET", "POST"}) {
    SignedCall call = describe();
    call.method = method;
    EXPECT_EQ(verdict_of(gateway.handle(rpc_request(call))), "200") << method;
    EXPECT_EQ(verdict_of(gateway.handle(acs3_request(call))), "200") << method;
  }
  SignedCall form = describe();
  form.in_body = true;
  EXPECT_EQ(verdict(form), "200");
}

TEST_F(Authentication, AwkwardValuesAreSignedAlike) {
  SignedCall call = describe();
  call.parameters.emplace_back("Tag.1.Key", "k");
  call.parameters.emplace_back("Tag.1.Value", "a b*~'()!/+&=%\xe4\xb8\xad");
  EXPECT_EQ(verdict_of(gateway.handle(rpc_request(call))), "200");
  EXPECT_EQ(verdict_of(gateway.handle(acs3_request(call))), "200");
}

TEST_F(Authentication, AWrongSecretIsToldWithTheServersStringToSign) {
  SignedCall call = describe();
  call.secret = "wrong";
  call.nonce = "n-7";
  const nlohmann::json error = body_of(gateway.handle(rpc_request(call)));
  EXPECT_EQ(error["Code"], "SignatureDoesNotMatch");
  const std::string tail =
      "%26SignatureNonce%3Dn-7%26SignatureVersion%3D1.0%26Timestamp%3D2026-01-"
      "02T03%253A04%253A05Z%26Version%3D2014-05-26";
  EXPECT_THAT(error["Message"].get<std::string>(),
              HasSubstr("server string to sign is:POST&%2F&AccessKeyId%3DLTAI0000catenasimkey%26"));
  EXPECT_THAT(error["Message"].get<std::string>(), EndsWith(tail));

  const nlohmann::json newer = body_of(gateway.handle(acs3_request(call)));
  EXPECT_EQ(newer["Code"], "SignatureDoesNotMatch");
  EXPECT_THAT(newer["Message"].get<std::string>(),
              HasSubstr("server string to sign is:ACS3-HMAC-SHA256\n"));
  EXPECT_THAT(newer["Message"].get<std::string>(), HasSubstr("\nhost:ecs.cn-hangzhou"));
}

TEST_F(Authentication, WhatWasChangedOnTheWayIsNoticed) {
  cloud::HttpRequest request = rpc_request(describe());
  request.url += "&Extra=1";
  EXPECT_EQ(verdict_of(gateway.handle(request)), "400 SignatureDoesNotMatch");
  request = rpc_request(describe());
  request.method = "GET";
  EXPECT_EQ(verdict_of(gateway.handle(request)), "400 SignatureDoesNotMatch");
  request = acs3_request(describe());
  request.url += "&Extra=1";
  EXPECT_EQ(verdict_of(gateway.handle(request)), "400 SignatureDoesNotMatch");
  request = acs3_request(describe());
  request.headers.front().second = "DescribeInstances";
  EXPECT_EQ(verdict_of(gateway.handle(request)), "400 SignatureDoesNotMatch");
  request = acs3_request(describe());
  request.body = "surprise";
  EXPECT_EQ(verdict_of(gateway.handle(request)), "400 IncompleteSignature");
}

TEST_F(Authentication, TheHostIsSignedWithThePortThatWasSent) {
  SignedCall call = describe();
  call.host = "127.0.0.1:18080";
  EXPECT_EQ(verdict_of(gateway.handle(acs3_request(call))), "200");
  cloud::HttpRequest request = acs3_request(call);
  request.headers.emplace_back("Host", "127.0.0.1");
  EXPECT_EQ(verdict_of(gateway.handle(request)), "400 SignatureDoesNotMatch");
}

TEST_F(Authentication, AHeaderThatHasToBeSignedAndIsNotIsNamed) {
  for (const char* const name : {"x-acs-credentials-provider", "Content-Type"}) {
    cloud::HttpRequest request = acs3_request(describe());
    request.headers.emplace_back(name, "x");
    const nlohmann::json error = body_of(gateway.handle(request));
    EXPECT_EQ(error["Code"], "IncompleteSignature");
    EXPECT_THAT(error["Message"].get<std::string>(), HasSubstr(name));
  }
  cloud::HttpRequest request = acs3_request(describe());
  for (auto& [name, value] : request.headers) {
    if (name == "Authorization") {
      value =
          "ACS3-HMAC-SHA256 Credential=LTAI0000catenasimkey,SignedHeaders=x-acs-date,"
          "Signature=00";
    }
  }
  EXPECT_EQ(verdict_of(gateway.handle(request)), "400 IncompleteSignature");
}

TEST_F(Authentication, AMalformedAuthorizationIsRefused) {
  for (const char* const value :
       {"", "x", "ACS3-HMAC-SHA256", "ACS3-HMAC-SHA256 ", "ACS3-HMAC-SHA256 Credential=a",
        "ACS3-HMAC-SM3 Credential=a,SignedHeaders=b,Signature=c", "acs a:b",
        "ACS3-HMAC-SHA256 Credential=,SignedHeaders=,Signature="}) {
    cloud::HttpRequest request = acs3_request(describe());
    std::erase_if(request.headers,
                  [](const auto& header) { return header.first == "Authorization"; });
    request.headers.emplace_back("Authorization", value);
    EXPECT_EQ(verdict_of(gateway.handle(request)), "400 IncompleteSignature") << value;
  }
}

TEST_F(Authentication, AParameterThatIsMissingIsNamed) {
  for (const char* const name : {"Action", "Version", "AccessKeyId", "Timestamp", "SignatureNonce",
                                 "SignatureMethod", "SignatureVersion", "Signature"}) {
    cloud::HttpRequest request = rpc_request(describe());
    std::size_t at = request.url.find("&" + std::string(name) + "=");
    at = at == std::string::npos ? request.url.find("?" + std::string(name) + "=") : at;
    request.url.insert(at + 1, "x");
    const nlohmann::json error = body_of(gateway.handle(request));
    EXPECT_EQ(error["Code"], "MissingParameter") << name;
    EXPECT_THAT(error["Message"].get<std::string>(), HasSubstr(name));
  }
}

TEST_F(Authentication, UnknownAndDisabledKeysAreToldApart) {
  SignedCall call = describe();
  call.key_id = "LTAIunknown";
  EXPECT_EQ(verdict(call), "404 InvalidAccessKeyId.NotFound");
  add_user("LTAIoff", RamPolicy::everything());
  gateway.accounts().find_key("LTAIoff")->enabled = false;
  call.key_id = "LTAIoff";
  call.secret = "secret of LTAIoff";
  EXPECT_EQ(verdict(call), "403 InvalidAccessKeyId.Inactive");
}

TEST_F(Authentication, ATimestampMayBeFifteenMinutesOff) {
  const auto at = [&](std::chrono::seconds offset) {
    SignedCall call = describe();
    call.timestamp = print_timestamp(world->now() + offset);
    return verdict(call);
  };
  EXPECT_EQ(at(std::chrono::minutes(15)), "200");
  EXPECT_EQ(at(std::chrono::minutes(-15)), "200");
  EXPECT_EQ(at(std::chrono::seconds(902)), "400 InvalidTimeStamp.Expired");
  EXPECT_EQ(at(std::chrono::seconds(-902)), "400 InvalidTimeStamp.Expired");
}

TEST_F(Authentication, ARefusedTimestampCanBeMendedByTheDateOfTheAnswer) {
  SignedCall call = describe();
  call.timestamp = "2020-01-01T00:00:00Z";
  const Answer refused = gateway.handle(rpc_request(call));
  EXPECT_EQ(refused.response.header("Date"), "Fri, 02 Jan 2026 03:04:05 GMT");
}

TEST_F(Authentication, ATimestampOfAnotherFormIsRefused) {
  for (const char* const text :
       {"2026-01-02 03:04:05", "2026-01-02T03:04:05", "2026-01-02T03:04:05.000Z",
        "2026-02-31T03:04:05Z", "1767323045", "2026-1-2T3:4:5Z", "2026-01-02T03:04:05Z "}) {
    SignedCall call = describe();
    call.timestamp = text;
    EXPECT_EQ(verdict(call), "400 InvalidTimeStamp.Format") << text;
  }
}

TEST_F(Authentication, ANonceServesOnce) {
  SignedCall call = describe();
  call.nonce = "once";
  EXPECT_EQ(verdict(call), "200");
  EXPECT_EQ(verdict(call), "400 SignatureNonceUsed");
  EXPECT_EQ(verdict_of(gateway.handle(acs3_request(call))), "400 SignatureNonceUsed");
  world->advance(std::chrono::minutes(31));
  call.timestamp = print_timestamp(world->now());
  EXPECT_EQ(verdict(call), "200");
}

TEST_F(Authentication, ABadSignatureDoesNotUseUpItsNonce) {
  SignedCall call = describe();
  call.nonce = "kept";
  call.secret = "wrong";
  EXPECT_EQ(verdict(call), "400 SignatureDoesNotMatch");
  call.secret = "catena-sim-secret";
  EXPECT_EQ(verdict(call), "200");
}

// The order of the checks in front of an action, with everything wrong at once.
TEST_F(Authentication, TheGatewayChecksBeforeRightsAndRightsBeforeTheAction) {
  add_user("LTAIpoor", RamPolicy{});
  SignedCall call = call_of("DescribeNetworkInterfaceAttribute",
                            {{"RegionId", "cn-nowhere"}, {"NetworkInterfaceId", "eni-none"}});
  call.version = "2000-01-01";
  call.key_id = "LTAIother";
  call.timestamp = "2020-01-01T00:00:00Z";
  call.secret = "wrong";
  call.token = "CAISwrong";
  gateway.rates().options.per_minute[call.action] = 0;
  EXPECT_EQ(verdict(call), "400 InvalidVersion");
  call.version = "2014-05-26";
  EXPECT_EQ(verdict(call), "404 InvalidAccessKeyId.NotFound");
  call.key_id = "LTAIpoor";
  EXPECT_EQ(verdict(call), "400 InvalidTimeStamp.Expired");
  call.timestamp = print_timestamp(world->now());
  EXPECT_EQ(verdict(call), "400 SignatureDoesNotMatch");
  call.secret = "secret of LTAIpoor";
  EXPECT_EQ(verdict(call), "400 InvalidSecurityToken.Malformed");
  call.token.clear();
  EXPECT_EQ(verdict(call), "400 Throttling.User");
  gateway.rates().options.per_minute.clear();
  EXPECT_EQ(verdict(call), "403 Forbidden.RAM");
  gateway.accounts().find_key("LTAIpoor")->policy = RamPolicy::everything();
  EXPECT_EQ(verdict(call), "404 InvalidRegionId.NotFound");
  call.parameters.front().second = "cn-hangzhou";
  EXPECT_EQ(verdict(call), "404 InvalidEniId.NotFound");
}

TEST_F(Authentication, WhatTheApiDoesNotHaveIsRefusedByName) {
  EXPECT_EQ(verdict(call_of("RunRabbits")), "404 InvalidAction.NotFound");
  SignedCall vpc_action = call_of("CreateRouteEntry");
  EXPECT_EQ(verdict(vpc_action), "404 InvalidAction.NotFound");  // not an action of ECS
  SignedCall call = describe();
  call.host = "vpc.cn-hangzhou.aliyuncs.com";
  EXPECT_EQ(verdict(call), "400 InvalidVersion");
  call.host = "ecs.cn-shanghai.aliyuncs.com";
  EXPECT_EQ(verdict(call), "404 InvalidRegionId.NotFound");
  call = describe();
  call.method = "PUT";
  EXPECT_EQ(verdict(call), "400 UnsupportedHTTPMethod");
  call = describe();
  call.format = "YAML";
  EXPECT_EQ(gateway.handle(rpc_request(call)).response.status, 400);
}

}  // namespace
}  // namespace catena::sim
