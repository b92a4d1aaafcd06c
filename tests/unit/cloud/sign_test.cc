#include "common/cloud/sign.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/cloud/encode.h"

namespace catena::cloud {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

// Parameters that every RPC 1.0 call of the vectors has.
Params rpc1(std::string_view key_id, std::string_view format, std::string_view nonce,
            std::string_view timestamp, Params more) {
  more.emplace_back("AccessKeyId", key_id);
  more.emplace_back("Format", format);
  more.emplace_back("SignatureNonce", nonce);
  more.emplace_back("Timestamp", timestamp);
  more.emplace_back("SignatureMethod", "HMAC-SHA1");
  more.emplace_back("SignatureVersion", "1.0");
  return more;
}

struct Rpc1Vector {
  const char* name;
  std::string_view method;
  std::string_view secret;
  Params params;
  std::string_view string_to_sign;  // empty: not published
  std::string_view signature;
};

const Params kTwoPages = {{"MaxResults", "100"},
                          {"RegionId", "cn-hangzhou"},
                          {"NetworkInterfaceId.1", "eni-a"},
                          {"NetworkInterfaceId.2", "eni-b"},
                          {"NetworkInterfaceId.10", "eni-j"},
                          {"Tag.1.Key", "creator"},
                          {"Tag.1.Value", "a b*~'()!/中"}};

Params with(Params params, const Params& more) {
  params.insert(params.end(), more.begin(), more.end());
  return params;
}

std::vector<Rpc1Vector> published_vectors() {
  const Params nameless = {
      {"Action", ""}, {"Version", ""}, {"RegionId", "regionId"}, {"SignatureType", ""}};
  return {
      {"ECS documentation", "GET", "testsecret",
       rpc1("testid", "XML", "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf", "2016-02-23T12:46:24Z",
            {{"Action", "DescribeRegions"}, {"Version", "2014-05-26"}}),
       "GET&%2F&AccessKeyId%3Dtestid%26Action%3DDescribeRegions%26Format%3DXML%26SignatureMethod"
       "%3DHMAC-SHA1%26SignatureNonce%3D3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf%26SignatureVersion"
       "%3D1.0%26Timestamp%3D2016-02-23T12%253A46%253A24Z%26Version%3D2014-05-26",
       "OLeaidS1JvxuMvnyHOwuJ+uX5qY="},
      {"V2 documentation", "GET", "testsecret",
       rpc1("testid", "JSON", "edb2b34af0af9a6d14deaf7c1a5315eb", "2023-03-13T08:34:30Z",
            {{"Action", "DescribeDedicatedHosts"},
             {"RegionId", "cn-beijing"},
             {"Version", "2014-05-26"}}),
       "GET&%2F&AccessKeyId%3Dtestid%26Action%3DDescribeDedicatedHosts%26Format%3DJSON%26RegionId"
       "%3Dcn-beijing%26SignatureMethod%3DHMAC-SHA1%26SignatureNonce"
       "%3Dedb2b34af0af9a6d14deaf7c1a5315eb%26SignatureVersion%3D1.0%26Timestamp"
       "%3D2023-03-13T08%253A34%253A30Z%26Version%3D2014-05-26",
       "9NaGiOspFP5UPcwX8Iwt2YJXXuk="},
      {"STS documentation", "GET", "testsecret",
       rpc1("testid", "JSON", "571f8fb8-506e-11e5-8e12-b8e8563dc8d2", "2015-09-01T05:57:34Z",
            {{"Action", "AssumeRole"},
             {"RoleArn", "acs:ram::1234567890123:role/firstrole"},
             {"RoleSessionName", "client"},
             {"Version", "2015-04-01"}}),
       "GET&%2F&AccessKeyId%3Dtestid%26Action%3DAssumeRole%26Format%3DJSON%26RoleArn%3Dacs%253Aram"
       "%253A%253A1234567890123%253Arole%252Ffirstrole%26RoleSessionName%3Dclient%26SignatureMethod"
       "%3DHMAC-SHA1%26SignatureNonce%3D571f8fb8-506e-11e5-8e12-b8e8563dc8d2%26SignatureVersion"
       "%3D1.0%26Timestamp%3D2015-09-01T05%253A57%253A34Z%26Version%3D2015-04-01",
       "gNI7b0AyKZHxDgjBGPDgJ1Ce3L4="},
      {"empty values stay", "GET", "accessKeySecret",
       rpc1("accessKeyId", "JSON", "MOCK_UUID", "mock date", nameless),
       "GET&%2F&AccessKeyId%3DaccessKeyId%26Action%3D%26Format%3DJSON%26RegionId%3DregionId"
       "%26SignatureMethod%3DHMAC-SHA1%26SignatureNonce%3DMOCK_UUID%26SignatureType%3D"
       "%26SignatureVersion%3D1.0%26Timestamp%3Dmock%2520date%26Version%3D",
       "7loPmFjvDnzOVnQeQNj85S6nFGY="},
      {"a security token is signed", "GET", "accessKeySecret",
       rpc1("accessKeyId", "JSON", "MOCK_UUID", "mock date",
            with(nameless, {{"SecurityToken", "accessKeyStsToken"}})),
       "GET&%2F&AccessKeyId%3DaccessKeyId%26Action%3D%26Format%3DJSON%26RegionId%3DregionId"
       "%26SecurityToken%3DaccessKeyStsToken%26SignatureMethod%3DHMAC-SHA1%26SignatureNonce"
       "%3DMOCK_UUID%26SignatureType%3D%26SignatureVersion%3D1.0%26Timestamp%3Dmock%2520date"
       "%26Version%3D",
       "5Nxdcler+ihqWqv0Hr2On4PsBf4="},
      {"no method",
       "",
       "accessKeySecret",
       {{"test", "ok"}},
       "&%2F&test%3Dok",
       "jHx/oHoHNrbVfhncHEvPdHXZwHU="},
      {"query and body",
       "GET",
       "secret",
       {{"query", "test"}, {"body", "test"}},
       "",
       "XlUyV4sXjOuX5FnjUz9IF9tm5rU="},
  };
}

std::vector<Rpc1Vector> own_vectors() {
  return {
      {"POST with a token", "POST", "testsecret",
       rpc1("testid", "JSON", "15215528852396", "2026-01-02T03:04:05Z",
            {{"Action", "AssignPrivateIpAddresses"},
             {"ClientToken", "3b7e0c0e-8a2d-4c7e-9d43-0d1f6a8d9c11"},
             {"NetworkInterfaceId", "eni-bp125p95hhdhn3ot0001"},
             {"RegionId", "cn-hangzhou"},
             {"SecondaryPrivateIpAddressCount", "3"},
             {"SecurityToken", "CAIS+/=token"},
             {"Version", "2014-05-26"}}),
       "", "UTtlrWWeicys9V46y0rxpipWZyo="},
      {"lists sort as bytes, reserved characters and UTF-8 are escaped", "GET", "testsecret",
       rpc1("testid", "JSON", "n-1", "2026-01-02T03:04:05Z",
            with(kTwoPages, {{"Action", "DescribeNetworkInterfaces"}, {"Version", "2014-05-26"}})),
       "", "ABc57dci+9+4ODbEHyjRl6d07J4="},
  };
}

void expect_signed(const std::vector<Rpc1Vector>& vectors) {
  for (const Rpc1Vector& vector : vectors) {
    const std::string text = rpc1_string_to_sign(vector.method, vector.params);
    if (!vector.string_to_sign.empty()) {
      EXPECT_EQ(text, vector.string_to_sign) << vector.name;
    }
    EXPECT_EQ(rpc1_signature(vector.secret, text), vector.signature) << vector.name;
  }
}

TEST(Rpc1Signature, PublishedVectorsAreReproduced) { expect_signed(published_vectors()); }

TEST(Rpc1Signature, OwnVectorsAreReproduced) { expect_signed(own_vectors()); }

TEST(Rpc1Signature, PlainHmacOfTheSdksUnitTests) {
  EXPECT_EQ(base64(hmac_sha1("secret", "source")), "Jv4yi8SobFhg5t1C7nWLbhBSFZQ=");
  EXPECT_EQ(base64(hmac_sha1("secret", "中文unicode")), "szlfHs3WVaO/HgY3Cg7/uyXDaRw=");
}

TEST(Rpc1Signature, FormAndQueryAreOneList) {
  const Params merged = {{"key", "value"}, {"q", "http://domain/?q=value&q2=value2"}};
  EXPECT_EQ(rpc1_string_to_sign("GET", merged),
            "GET&%2F&key%3Dvalue%26q%3Dhttp%253A%252F%252Fdomain%252F%253Fq%253Dvalue%2526q2%253D"
            "value2");
}

TEST(Acs3Signature, RunInstancesOfTheV3Documentation) {
  const std::string canonical =
      acs3_canonical_request("POST", "/",
                             {{"RegionId", "cn-shanghai"},
                              {"ImageId", "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"}},
                             {{"host", "ecs.cn-shanghai.aliyuncs.com"},
                              {"x-acs-action", "RunInstances"},
                              {"x-acs-version", "2014-05-26"},
                              {"x-acs-date", "2023-10-26T10:22:32Z"},
                              {"x-acs-signature-nonce", "3156853299f313e23d1673dc12e1703d"},
                              {"x-acs-content-sha256", hex(sha256(""))}},
                             hex(sha256("")));
  EXPECT_EQ(hex(sha256(canonical)),
            "7ea06492da5221eba5297e897ce16e55f964061054b7695beedaac1145b1e259");
  EXPECT_EQ(acs3_signature("YourAccessKeySecret", acs3_string_to_sign(canonical)),
            "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0");
}

TEST(Acs3Signature, HeadersThatDifferInCaseAloneAreOne) {
  const std::string payload = "55e12e91650d2fec56ec74e1d3e4ddbfce2ef3a65890c2a19ecf88a307e76a23";
  const Params query = {{"test", "ok"}, {"empty", ""}};
  const Headers headers = {{"x-acs-test", "http"}, {"x-acs-TEST", "https"}};
  const std::string canonical = acs3_canonical_request("", "/", query, headers, payload);
  EXPECT_EQ(canonical, "\n/\nempty=&test=ok\nx-acs-test:http,https\n\nx-acs-test\n" + payload);
  EXPECT_EQ(acs3_signature("secret", acs3_string_to_sign(canonical)),
            "4ab59fffe3c5738ff8a2729f90cc04fe18b02a4b15b2102cbaf92f9ff3df2ea3");
  const std::string get = acs3_canonical_request("GET", "/", query, headers, payload);
  EXPECT_EQ(acs3_signature("secret", acs3_string_to_sign(get)),
            "d16b30a7699ae9e43875b13195b2f81bcc3ed10c14a9b5eb780e51619aa50be1");
}

TEST(Acs3Signature, AWholeCallWithATokenIsSignedInItsHeaders) {
  const CallToSign call{.signing = Signing::kAcs3,
                        .action = "DescribeNetworkInterfaces",
                        .version = "2014-05-26",
                        .host = "ecs-vpc.cn-hangzhou.aliyuncs.com",
                        .url = "https://ecs-vpc.cn-hangzhou.aliyuncs.com/",
                        .nonce = "n-1",
                        .timestamp = "2026-01-02T03:04:05Z"};
  Credentials credentials;
  credentials.key_id = "STS.testid";
  credentials.secret = "testsecret";
  credentials.token = "CAIS+/=token";
  const SignedCall done = sign_call(call, kTwoPages, credentials);
  EXPECT_EQ(done.string_to_sign,
            "ACS3-HMAC-SHA256\n79a5af54db6ffa33711d4f702cf09ac396505853fbe36dbee3717cabba5d3894");
  std::string authorization;
  for (const auto& [name, value] : done.request.headers) {
    authorization = name == "Authorization" ? value : authorization;
    EXPECT_NE(name, "host") << "libcurl sends it";
  }
  EXPECT_THAT(authorization,
              EndsWith("Signature=4e5b330d929f4a7b04ed0b634ea9962a4bd79008774d2957baea3a05ee69ae8"
                       "9"));
  EXPECT_THAT(authorization, HasSubstr("Credential=STS.testid,SignedHeaders=host;x-acs-accesskey-"
                                       "id;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-"
                                       "security-token;x-acs-signature-nonce;x-acs-version,"));
  EXPECT_EQ(done.request.method, "POST");
  EXPECT_EQ(done.request.body, "");
  EXPECT_THAT(done.request.url, HasSubstr("aliyuncs.com/?MaxResults=100&NetworkInterfaceId.1=eni-a"
                                          "&NetworkInterfaceId.10=eni-j&NetworkInterfaceId.2="));
}

TEST(Rpc1Signature, AWholeCallCarriesItsSignatureEscaped) {
  const CallToSign call{.signing = Signing::kRpc1,
                        .action = "AssignPrivateIpAddresses",
                        .version = "2014-05-26",
                        .host = "127.0.0.1:8080",
                        .url = "http://127.0.0.1:8080/",
                        .nonce = "15215528852396",
                        .timestamp = "2026-01-02T03:04:05Z"};
  Credentials credentials;
  credentials.key_id = "testid";
  credentials.secret = "testsecret";
  credentials.token = "CAIS+/=token";
  const SignedCall done = sign_call(call,
                                    {{"ClientToken", "3b7e0c0e-8a2d-4c7e-9d43-0d1f6a8d9c11"},
                                     {"NetworkInterfaceId", "eni-bp125p95hhdhn3ot0001"},
                                     {"RegionId", "cn-hangzhou"},
                                     {"SecondaryPrivateIpAddressCount", "3"}},
                                    credentials);
  EXPECT_THAT(done.request.url, HasSubstr("&Signature=UTtlrWWeicys9V46y0rxpipWZyo%3D&"));
  EXPECT_THAT(done.request.url, HasSubstr("&SecurityToken=CAIS%2B%2F%3Dtoken&"));
}

TEST(WrongSignature, TheSameTextMeansAWrongSecret) {
  const std::string ours = rpc1_string_to_sign("POST", {{"Action", "X"}, {"SecurityToken", "top"}});
  const std::string said = explain_mismatch(
      "Specified signature is not matched with our calculation. server string to sign is:" + ours,
      ours);
  EXPECT_THAT(said, HasSubstr("secret is wrong"));
  EXPECT_THAT(said, Not(HasSubstr("top")));
}

TEST(WrongSignature, AnotherTextMeansCanonicalisationAndNamesTheParameterButNoValue) {
  const std::string ours =
      rpc1_string_to_sign("POST", {{"Action", "X"}, {"SecurityToken", "a b"}, {"Zone", "z"}});
  const std::string theirs =
      rpc1_string_to_sign("POST", {{"Action", "X"}, {"SecurityToken", "a+b"}, {"Zone", "z"}});
  const std::string said = explain_mismatch("server string to sign is:" + theirs, ours);
  EXPECT_THAT(said, HasSubstr("canonicalisation"));
  EXPECT_THAT(said, HasSubstr("parameter SecurityToken"));
  EXPECT_THAT(said, Not(HasSubstr("a%25")));
}

TEST(WrongSignature, OfAcs3IsComparedByItsHash) {
  const std::string ours = acs3_string_to_sign("one");
  EXPECT_THAT(
      explain_mismatch("server string to sign is:" + ours + ", canonical request ...", ours),
      HasSubstr("secret is wrong"));
  EXPECT_THAT(explain_mismatch("server string to sign is:" + acs3_string_to_sign("two"), ours),
              HasSubstr("canonicalisation"));
}

TEST(WrongSignature, WithoutTheServersTextNothingIsConcluded) {
  EXPECT_EQ(explain_mismatch("Specified signature is not matched.", "x"), "");
  EXPECT_EQ(without_quotation("No match. server string to sign is:POST&%2F&secret"), "No match.");
}

}  // namespace
}  // namespace catena::cloud
