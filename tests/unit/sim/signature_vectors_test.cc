#include <gtest/gtest.h>

#include "sim/gateway/signature.h"

namespace catena::sim {
namespace {

struct RpcVector {
  const char* name;
  const char* method;
  Pairs parameters;
  const char* secret;
  const char* signature;
};

// What scheme 1.0 always sends.
Pairs with_common(Pairs own, const std::string& key, const std::string& nonce,
                  const std::string& timestamp, const std::string& version) {
  const Pairs common = {{"AccessKeyId", key},      {"SignatureMethod", "HMAC-SHA1"},
                        {"SignatureNonce", nonce}, {"SignatureVersion", "1.0"},
                        {"Timestamp", timestamp},  {"Version", version}};
  own.insert(own.end(), common.begin(), common.end());
  return own;
}

const Pairs kDescribeEnis = {{"MaxResults", "100"},
                             {"RegionId", "cn-hangzhou"},
                             {"NetworkInterfaceId.1", "eni-a"},
                             {"NetworkInterfaceId.2", "eni-b"},
                             {"NetworkInterfaceId.10", "eni-j"},
                             {"Tag.1.Key", "creator"},
                             {"Tag.1.Value", "a b*~'()!/\xe4\xb8\xad"}};

Pairs joined(Pairs a, const Pairs& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

std::vector<RpcVector> published() {
  const Pairs a4 = with_common(
      {{"Action", ""}, {"Format", "JSON"}, {"RegionId", "regionId"}, {"SignatureType", ""}},
      "accessKeyId", "MOCK_UUID", "mock date", "");
  return {
      {"A1", "GET",
       with_common({{"Action", "DescribeRegions"}, {"Format", "XML"}}, "testid",
                   "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf", "2016-02-23T12:46:24Z", "2014-05-26"),
       "testsecret", "OLeaidS1JvxuMvnyHOwuJ+uX5qY="},
      {"A2", "GET",
       with_common(
           {{"Action", "DescribeDedicatedHosts"}, {"Format", "JSON"}, {"RegionId", "cn-beijing"}},
           "testid", "edb2b34af0af9a6d14deaf7c1a5315eb", "2023-03-13T08:34:30Z", "2014-05-26"),
       "testsecret", "9NaGiOspFP5UPcwX8Iwt2YJXXuk="},
      {"A3", "GET",
       with_common({{"Action", "AssumeRole"},
                    {"RoleArn", "acs:ram::1234567890123:role/firstrole"},
                    {"RoleSessionName", "client"},
                    {"Format", "JSON"}},
                   "testid", "571f8fb8-506e-11e5-8e12-b8e8563dc8d2", "2015-09-01T05:57:34Z",
                   "2015-04-01"),
       "testsecret", "gNI7b0AyKZHxDgjBGPDgJ1Ce3L4="},
      {"A4", "GET", a4, "accessKeySecret", "7loPmFjvDnzOVnQeQNj85S6nFGY="},
      {"A5", "GET", joined(a4, {{"SecurityToken", "accessKeyStsToken"}}), "accessKeySecret",
       "5Nxdcler+ihqWqv0Hr2On4PsBf4="},
      {"A6", "", {{"test", "ok"}}, "accessKeySecret", "jHx/oHoHNrbVfhncHEvPdHXZwHU="},
      {"A7",
       "GET",
       {{"query", "test"}, {"body", "test"}},
       "secret",
       "XlUyV4sXjOuX5FnjUz9IF9tm5rU="},
      {"D1", "POST",
       with_common({{"Action", "AssignPrivateIpAddresses"},
                    {"ClientToken", "3b7e0c0e-8a2d-4c7e-9d43-0d1f6a8d9c11"},
                    {"Format", "JSON"},
                    {"NetworkInterfaceId", "eni-bp125p95hhdhn3ot0001"},
                    {"RegionId", "cn-hangzhou"},
                    {"SecondaryPrivateIpAddressCount", "3"},
                    {"SecurityToken", "CAIS+/=token"}},
                   "testid", "15215528852396", "2026-01-02T03:04:05Z", "2014-05-26"),
       "testsecret", "UTtlrWWeicys9V46y0rxpipWZyo="},
      {"D2", "GET",
       joined(with_common({{"Action", "DescribeNetworkInterfaces"}, {"Format", "JSON"}}, "testid",
                          "n-1", "2026-01-02T03:04:05Z", "2014-05-26"),
              kDescribeEnis),
       "testsecret", "ABc57dci+9+4ODbEHyjRl6d07J4="},
  };
}

TEST(SignatureVectors, Scheme1GivesThePublishedSignatures) {
  for (const RpcVector& vector : published()) {
    EXPECT_EQ(rpc_signature(vector.secret, rpc_string_to_sign(vector.method, vector.parameters)),
              vector.signature)
        << vector.name;
  }
}

TEST(SignatureVectors, Scheme1GivesThePublishedStringsToSign) {
  EXPECT_EQ(rpc_string_to_sign("GET", published()[0].parameters),
            "GET&%2F&AccessKeyId%3Dtestid%26Action%3DDescribeRegions%26Format%3DXML%26"
            "SignatureMethod%3DHMAC-SHA1%26SignatureNonce%3D3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf"
            "%26SignatureVersion%3D1.0%26Timestamp%3D2016-02-23T12%253A46%253A24Z%26"
            "Version%3D2014-05-26");
  EXPECT_EQ(
      rpc_string_to_sign("GET", {{"q", "http://domain/?q=value&q2=value2"}, {"key", "value"}}),
      "GET&%2F&key%3Dvalue%26q%3Dhttp%253A%252F%252Fdomain%252F%253Fq%253Dvalue%2526q2"
      "%253Dvalue2");
}

TEST(SignatureVectors, DigestsAreThePublishedOnes) {
  EXPECT_EQ(base64(hmac_sha1("secret", "source")), "Jv4yi8SobFhg5t1C7nWLbhBSFZQ=");
  EXPECT_EQ(base64(hmac_sha1("secret", "\xe4\xb8\xad\xe6\x96\x87unicode")),
            "szlfHs3WVaO/HgY3Cg7/uyXDaRw=");
  EXPECT_EQ(sha256_hex("test"), "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08");
  EXPECT_EQ(canonical_query({{"test", " ~/*-+"}}), "test=%20~%2F%2A-%2B");
}

Request request_of(const std::string& method, const std::string& host, const Pairs& query,
                   const cloud::Headers& headers) {
  Request request;
  request.method = method;
  request.host = host;
  request.path = "/";
  request.query = query;
  request.headers = headers;
  return request;
}

TEST(SignatureVectors, Acs3GivesTheDocumentedSignature) {
  const std::string hash = sha256_hex("");
  const Request request =
      request_of("POST", "ecs.cn-shanghai.aliyuncs.com",
                 {{"RegionId", "cn-shanghai"},
                  {"ImageId", "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"}},
                 {{"x-acs-version", "2014-05-26"},
                  {"x-acs-action", "RunInstances"},
                  {"X-Acs-Date", "2023-10-26T10:22:32Z"},
                  {"x-acs-content-sha256", hash},
                  {"x-acs-signature-nonce", "3156853299f313e23d1673dc12e1703d"}});
  const std::string canonical =
      acs3_canonical_request(request,
                             {"x-acs-version", "host", "x-acs-action", "x-acs-date",
                              "x-acs-content-sha256", "x-acs-signature-nonce"},
                             hash);
  EXPECT_EQ(sha256_hex(canonical),
            "7ea06492da5221eba5297e897ce16e55f964061054b7695beedaac1145b1e259");
  EXPECT_EQ(acs3_signature("YourAccessKeySecret", acs3_string_to_sign(canonical)),
            "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0");
}

TEST(SignatureVectors, Acs3JoinsARepeatedHeader) {
  const std::string hash = "55e12e91650d2fec56ec74e1d3e4ddbfce2ef3a65890c2a19ecf88a307e76a23";
  for (const auto& [method, signature] :
       {std::pair("", "4ab59fffe3c5738ff8a2729f90cc04fe18b02a4b15b2102cbaf92f9ff3df2ea3"),
        std::pair("GET", "d16b30a7699ae9e43875b13195b2f81bcc3ed10c14a9b5eb780e51619aa50be1")}) {
    const Request request = request_of(method, "unsigned", {{"test", "ok"}, {"empty", ""}},
                                       {{"x-acs-TEST", " https "}, {"x-acs-test", "http"}});
    EXPECT_EQ(acs3_signature("secret", acs3_string_to_sign(
                                           acs3_canonical_request(request, {"x-acs-test"}, hash))),
              signature);
  }
}

TEST(SignatureVectors, Acs3WithATemporaryKey) {
  const std::string hash = sha256_hex("");
  const Request request = request_of("POST", "ecs-vpc.cn-hangzhou.aliyuncs.com", kDescribeEnis,
                                     {{"x-acs-accesskey-id", "STS.testid"},
                                      {"x-acs-action", "DescribeNetworkInterfaces"},
                                      {"x-acs-security-token", "CAIS+/=token"},
                                      {"x-acs-date", "2026-01-02T03:04:05Z"},
                                      {"x-acs-signature-nonce", "n-1"},
                                      {"x-acs-version", "2014-05-26"},
                                      {"x-acs-content-sha256", hash}});
  const std::string canonical = acs3_canonical_request(
      request,
      {"host", "x-acs-accesskey-id", "x-acs-action", "x-acs-content-sha256", "x-acs-date",
       "x-acs-security-token", "x-acs-signature-nonce", "x-acs-version"},
      hash);
  EXPECT_EQ(sha256_hex(canonical),
            "79a5af54db6ffa33711d4f702cf09ac396505853fbe36dbee3717cabba5d3894");
  EXPECT_EQ(acs3_signature("testsecret", acs3_string_to_sign(canonical)),
            "4e5b330d929f4a7b04ed0b634ea9962a4bd79008774d2957baea3a05ee69ae89");
}

}  // namespace
}  // namespace catena::sim
