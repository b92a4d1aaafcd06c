#include "common/cloud/endpoint.h"

#include <cstdlib>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace catena::cloud {
namespace {

using testing::HasSubstr;

// Sets variables for the object's life, which none of them had before.
class Variables {
 public:
  explicit Variables(std::map<std::string, std::string> values) : values_(std::move(values)) {
    for (const auto& [name, value] : values_) {
      ::setenv(name.c_str(), value.c_str(), 1);
    }
  }
  Variables(const Variables&) = delete;
  Variables& operator=(const Variables&) = delete;
  Variables(Variables&&) = delete;
  Variables& operator=(Variables&&) = delete;
  ~Variables() {
    for (const auto& [name, value] : values_) {
      ::unsetenv(name.c_str());
    }
  }

 private:
  std::map<std::string, std::string> values_;
};

TEST(Endpoints, AreThoseInsideTheVpcByDefault) {
  const Endpoints endpoints = endpoints_from_environment("cn-beijing").value();
  EXPECT_EQ(endpoints.url_of(Product::kEcs), "https://ecs-vpc.cn-beijing.aliyuncs.com/");
  EXPECT_EQ(endpoints.url_of(Product::kVpc), "https://vpc-vpc.cn-beijing.aliyuncs.com/");
  EXPECT_EQ(endpoints.url_of(Product::kSts), "https://sts-vpc.cn-beijing.aliyuncs.com/");
}

TEST(Endpoints, ThePublicOnesAndPlainHttpOnRequest) {
  const Variables variables(
      {{"ALICLOUD_ENDPOINT_TYPE", "public"}, {"ALICLOUD_CLIENT_SCHEME", "HTTP"}});
  const Endpoints endpoints = endpoints_from_environment("cn-beijing").value();
  EXPECT_EQ(endpoints.url_of(Product::kEcs), "http://ecs.cn-beijing.aliyuncs.com/");
}

TEST(Endpoints, EachProductCanBeReplaced) {
  const Variables variables({{"ECS_ENDPOINT", "http://127.0.0.1:8080/"},
                             {"VPC_ENDPOINT", "[::1]:8081"},
                             {"ALIBABA_CLOUD_STS_ENDPOINT", "sts.example:80"}});
  const Endpoints endpoints = endpoints_from_environment("cn-beijing").value();
  EXPECT_EQ(endpoints.url_of(Product::kEcs), "http://127.0.0.1:8080/");
  EXPECT_EQ(endpoints.host_of(Product::kVpc), "[::1]:8081");
  EXPECT_EQ(endpoints.host_of(Product::kSts), "sts.example") << "as the Host line will say";
}

TEST(Endpoints, WhatCannotBeMeantIsRefusedByName) {
  const std::map<std::string, std::string> bad = {{"ALICLOUD_ENDPOINT_TYPE", "privat"},
                                                  {"ALICLOUD_CLIENT_SCHEME", "ftp"},
                                                  {"ECS_ENDPOINT", "http://a/b?c"},
                                                  {"VPC_ENDPOINT", "https://"}};
  for (const auto& [name, value] : bad) {
    const Variables variables(std::map<std::string, std::string>{{name, value}});
    const auto endpoints = endpoints_from_environment("cn-beijing");
    ASSERT_FALSE(endpoints.ok()) << name;
    EXPECT_TRUE(endpoints.error().is(base::ErrorKind::kBadConfig));
    EXPECT_THAT(endpoints.error().message(), HasSubstr(name));
    EXPECT_THAT(endpoints.error().message(), HasSubstr(value));
  }
}

TEST(Endpoints, TwoSchemesAreRefused) {
  const Variables variables({{"ECS_ENDPOINT", "http://a"}, {"VPC_ENDPOINT", "https://b"}});
  EXPECT_FALSE(endpoints_from_environment("cn-beijing").ok());
}

}  // namespace
}  // namespace catena::cloud
