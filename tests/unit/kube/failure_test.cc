#include "common/kube/failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace catena::kube {
namespace {

using base::ErrorKind;
using testing::HasSubstr;
using testing::Not;
using Json = nlohmann::json;

std::string status(int code, const std::string& reason) {
  return Json{{"kind", "Status"}, {"reason", reason}, {"message", "why"}, {"code", code}}.dump();
}

TEST(Failure, ReasonsOfTheServerAreCodes) {
  const Refusal refusal = refusal_of("GET x", 404, status(404, "NotFound"));
  EXPECT_TRUE(refusal.error.is(ErrorKind::kNotFound));
  EXPECT_EQ(refusal.error.code(), "NotFound");
  EXPECT_EQ(refusal.error.message(), "GET x: 404 NotFound: why");
  EXPECT_FALSE(refusal.may_pass());
  EXPECT_TRUE(refusal_of("x", 409, status(409, "AlreadyExists")).error.is(ErrorKind::kExists));
  EXPECT_TRUE(refusal_of("x", 409, status(409, "Conflict")).error.is(ErrorKind::kTryAgain));
  EXPECT_EQ(refusal_of("x", 410, status(410, "Gone")).error.code(), kExpired);
  EXPECT_EQ(refusal_of("x", 401, "").error.code(), kUnauthorized);
}

TEST(Failure, MissingRightsComeWithAdvice) {
  const Refusal refusal = refusal_of("GET x", 403, status(403, "Forbidden"));
  EXPECT_EQ(refusal.error.code(), "Forbidden");
  EXPECT_THAT(refusal.error.advice(), HasSubstr("ClusterRole"));
}

TEST(Failure, WhatIsNoStatusIsShownInOneShortLine) {
  const Refusal refusal = refusal_of("GET x", 502, "<html>\nbad gateway" + std::string(5'000, 'x'));
  EXPECT_EQ(refusal.error.code(), "Http.502");
  EXPECT_TRUE(refusal.may_pass());
  EXPECT_LT(refusal.error.message().size(), 400U);
  EXPECT_THAT(refusal.error.message(), Not(HasSubstr("\n")));
}

TEST(Failure, TheServersWishToBeLeftAloneIsKnown) {
  Json json = Json::parse(status(429, "TooManyRequests"));
  json["details"]["retryAfterSeconds"] = 7;
  const Refusal refusal = refusal_of("GET x", json);
  EXPECT_EQ(refusal.status, 429);
  EXPECT_EQ(refusal.retry_after, std::chrono::seconds(7));
  json["details"]["retryAfterSeconds"] = "soon";
  EXPECT_FALSE(refusal_of("GET x", json).retry_after.has_value());
}

TEST(Failure, AResourceVersionOfTheFutureHasItsOwnCode) {
  Json json = Json::parse(status(504, "Timeout"));
  json["details"]["causes"] = {{{"reason", "ResourceVersionTooLarge"}}};
  EXPECT_EQ(refusal_of("GET x", json).error.code(), kTooNew);
}

TEST(Failure, AStatusWithoutANumberIsTheServersFault) {
  EXPECT_EQ(refusal_of("GET x", Json::object()).status, 500);
}

}  // namespace
}  // namespace catena::kube
