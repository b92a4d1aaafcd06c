#include "sim/gateway/request.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace catena::sim {
namespace {

base::Result<Request> parsed(const std::string& url, const cloud::Headers& headers = {},
                             const std::string& body = "") {
  cloud::HttpRequest request;
  request.method = "POST";
  request.url = url;
  request.headers = headers;
  request.body = body;
  return parse_request(request);
}

TEST(ParseRequest, QueryAndFormAreBothRead) {
  const auto request =
      parsed("http://127.0.0.1:8080/?A=1&Tag.1.Value=a%20b%2F&Empty=&Bare",
             {{"content-type", "application/x-www-form-urlencoded; charset=utf-8"}},
             "B=%E4%B8%AD&A=2&Plus=x+y");
  ASSERT_TRUE(request.ok()) << request.error().text();
  EXPECT_EQ(request->parameter("A"), "1");  // the query's wins
  EXPECT_EQ(request->parameter("Tag.1.Value"), "a b/");
  EXPECT_EQ(request->parameter("Empty"), "");
  EXPECT_EQ(request->parameter("Bare"), "");
  EXPECT_EQ(request->parameter("B"), "\xe4\xb8\xad");
  EXPECT_EQ(request->parameter("Plus"), "x y");
  EXPECT_EQ(request->parameter("C"), std::nullopt);
  EXPECT_EQ(request->path, "/");
}

TEST(ParseRequest, ABodyThatIsNoFormGivesNoParameters) {
  const auto request = parsed("http://h/", {{"Content-Type", "application/json"}}, "A=1");
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->parameter("A"), std::nullopt);
}

TEST(ParseRequest, TheHostIsTheOneReceivedWithItsPort) {
  EXPECT_EQ(parsed("http://127.0.0.1:8080")->host, "127.0.0.1:8080");
  EXPECT_EQ(parsed("http://127.0.0.1:8080/", {{"host", "ecs.aliyuncs.com:81"}})->host,
            "ecs.aliyuncs.com:81");
  EXPECT_EQ(parsed("http://ecs.aliyuncs.com:80/x")->host, "ecs.aliyuncs.com");
  EXPECT_EQ(parsed("https://ecs.aliyuncs.com:443?a=b")->host, "ecs.aliyuncs.com");
  EXPECT_EQ(parsed("http://ecs.aliyuncs.com:443/")->host, "ecs.aliyuncs.com:443");
  EXPECT_EQ(parsed("http://[::1]:8080/")->host_name(), "[::1]");
  EXPECT_EQ(parsed("http://127.0.0.1:8080/")->host_name(), "127.0.0.1");
}

TEST(ParseRequest, WhatIsNoRequestIsRefused) {
  for (const char* const url :
       {"", "/", "ecs.aliyuncs.com/?a=b", "ftp://h/", "http://", "http:///x", "http://h/?a=%",
        "http://h/?a=%4", "http://h/?a=%zz", "http://h/?a=%ff", "http://h/?a=%c0%80", "http://h/ ?",
        "http://user@h/", "http://h/?a=\x01", "http://h/?\xe4\xb8\xad=1"}) {
    EXPECT_FALSE(parsed(url).ok()) << url;
  }
  EXPECT_FALSE(parsed("http://h/", {{"a b", "c"}}).ok());
  EXPECT_FALSE(parsed("http://h/", {{"a", "c\r\nd: e"}}).ok());
  EXPECT_FALSE(parsed("http://h/?" + std::string(70'000, 'a')).ok());
}

TEST(ParseRequest, RandomBytesNeverCrash) {
  std::mt19937 random(1);
  std::uniform_int_distribution<int> byte(0, 255);
  for (int round = 0; round < 20'000; ++round) {
    std::string noise;
    for (int i = round % 40; i > 0; --i) {
      noise += static_cast<char>(byte(random));
    }
    (void)parsed(noise);
    (void)parsed("http://h/?" + noise, {{"Content-Type", "application/x-www-form-urlencoded"}},
                 noise);
    (void)parse_form("%" + noise);
  }
}

}  // namespace
}  // namespace catena::sim
