#include <regex>

#include "sim/gateway/render.h"
#include "tests/unit/sim/gate_fixture.h"

namespace catena::sim {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;

struct Answers : GateTest {
  SignedCall missing() const {
    return call_of("DescribeNetworkInterfaceAttribute",
                   {{"RegionId", "cn-hangzhou"}, {"NetworkInterfaceId", "eni-none"}});
  }
};

bool is_request_id(const std::string& text) {
  static const std::regex form(
      "[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}");
  return std::regex_match(text, form);
}

TEST_F(Answers, AnErrorHasTheShapeOfTheApi) {
  const Answer answer = gateway.handle(rpc_request(missing()));
  EXPECT_EQ(answer.response.status, 404);
  EXPECT_EQ(answer.response.header("content-type"), "application/json;charset=utf-8");
  const json error = body_of(answer);
  EXPECT_TRUE(is_request_id(error["RequestId"])) << error;
  EXPECT_EQ(answer.response.header("x-acs-request-id"), error["RequestId"].get<std::string>());
  EXPECT_EQ(error["HostId"], "ecs.cn-hangzhou.aliyuncs.com");
  EXPECT_EQ(error["Code"], "InvalidEniId.NotFound");
  EXPECT_FALSE(error["Message"].get<std::string>().empty());
  EXPECT_EQ(error["Recommend"],
            "https://next.api.aliyun.com/troubleshoot?q=InvalidEniId.NotFound&product=Ecs");
  EXPECT_EQ(error.size(), 5U);
  EXPECT_THAT(answer.response.body, StartsWith("{\"RequestId\":"));
}

TEST_F(Answers, AnEndpointOverrideIsShownByTheNameOfTheProduct) {
  SignedCall call = missing();
  call.host = "127.0.0.1:8080";
  EXPECT_EQ(answer(call)["HostId"], "ecs.cn-hangzhou.aliyuncs.com");
}

TEST_F(Answers, ASuccessHasARequestIdOfItsOwn) {
  const SignedCall call = call_of("DescribeInstances", {{"RegionId", "cn-hangzhou"}});
  const json first = answer(call);
  EXPECT_TRUE(is_request_id(first["RequestId"]));
  EXPECT_NE(first["RequestId"], answer(call)["RequestId"]);
}

TEST_F(Answers, WithoutAFormatTheAnswerIsXml) {
  SignedCall call = call_of("DescribeInstances", {{"RegionId", "cn-hangzhou"}});
  call.format.clear();
  for (const cloud::HttpRequest& request : {rpc_request(call), acs3_request(call)}) {
    const Answer answer = gateway.handle(request);
    EXPECT_EQ(answer.response.header("content-type"), "text/xml;charset=utf-8");
    EXPECT_THAT(answer.response.body,
                StartsWith("<?xml version='1.0' encoding='UTF-8'?><DescribeInstancesResponse>"));
    EXPECT_THAT(answer.response.body, HasSubstr(std::string("<Instances><Instance>")));
    EXPECT_THAT(answer.response.body,
                HasSubstr(std::string("<InstanceId>") + kInstance + "</InstanceId>"));
    EXPECT_THAT(answer.response.body, testing::EndsWith("</DescribeInstancesResponse>"));
  }
  SignedCall error = missing();
  error.format = "xml";
  EXPECT_THAT(gateway.handle(rpc_request(error)).response.body,
              HasSubstr("<Code>InvalidEniId.NotFound</Code>"));
}

TEST(RenderXml, ListsAreRepeatedElementsAndTextIsEscaped) {
  const json answer = {{"Tags", {{"Tag", {{{"TagKey", "<a&'\"\x01>"}}, {{"TagKey", "b"}}}}}},
                       {"Ids", json::array({"x", "y"})},
                       {"None", json::array()},
                       {"Null", nullptr},
                       {"Number", 7},
                       {"Flag", true}};
  EXPECT_EQ(render_success(Format::kXml, "Test", answer),
            "<?xml version='1.0' encoding='UTF-8'?><TestResponse><Flag>true</Flag><Ids>x</Ids>"
            "<Ids>y</Ids><Null></Null><Number>7</Number><Tags><Tag><TagKey>"
            "&lt;a&amp;&apos;&quot;?&gt;</TagKey></Tag><Tag><TagKey>b</TagKey></Tag></Tags>"
            "</TestResponse>");
}

TEST_F(Answers, WhatIsNoRequestIsAnsweredToo) {
  for (const char* const url : {"", "http://", "http://ecs.aliyuncs.com/?a=%zz", "http://h/x?y",
                                "http://ecs.aliyuncs.com/?Action=&Version="}) {
    cloud::HttpRequest request;
    request.url = url;
    const Answer answer = gateway.handle(request);
    EXPECT_EQ(answer.fate, Answer::Fate::kWhole);
    EXPECT_EQ(answer.response.status, 400) << url;
    EXPECT_THAT(answer.response.body, HasSubstr("<Code>"));
  }
}

TEST_F(Answers, RandomChangesOfARequestNeverCrash) {
  std::mt19937 random(3);
  const cloud::HttpRequest good[] = {rpc_request(call_of("CreateNetworkInterface", new_eni())),
                                     acs3_request(call_of("CreateNetworkInterface", new_eni()))};
  for (int round = 0; round < 4'000; ++round) {
    cloud::HttpRequest request = good[round % 2];
    for (int change = 0; change <= round % 3; ++change) {
      std::string& text = round % 4 < 2 ? request.url
                          : request.headers.empty()
                              ? request.body
                              : request.headers[random() % request.headers.size()].second;
      if (!text.empty()) {
        text[random() % text.size()] = static_cast<char>(random() % 256);
      }
    }
    (void)gateway.handle(request);
  }
}

}  // namespace
}  // namespace catena::sim
