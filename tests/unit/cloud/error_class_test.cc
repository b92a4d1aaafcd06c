#include "common/cloud/error_class.h"

#include <gtest/gtest.h>

#include "common/cloud/error_body.h"
#include "common/cloud/http.h"

namespace catena::cloud {
namespace {

using base::Error;
using base::ErrorKind;

struct Case {
  std::string_view code;
  ErrorClass error_class;
  Reaction reaction;
  ErrorKind kind;
};

constexpr Case kCases[] = {
    {"Throttling", ErrorClass::kThrottled, Reaction::kLater, ErrorKind::kTryAgain},
    {"Throttling.User", ErrorClass::kThrottled, Reaction::kLater, ErrorKind::kTryAgain},
    {"Throttling.Api", ErrorClass::kThrottled, Reaction::kLater, ErrorKind::kTryAgain},
    {"Throttling.NewKind", ErrorClass::kThrottled, Reaction::kLater, ErrorKind::kTryAgain},
    {"Rejected.Throttling", ErrorClass::kThrottled, Reaction::kLater, ErrorKind::kTryAgain},
    {"ServiceUnavailable", ErrorClass::kRetry, Reaction::kReadState, ErrorKind::kTryAgain},
    {"InternalError", ErrorClass::kRetry, Reaction::kReadState, ErrorKind::kTryAgain},
    {"OperationFailed.X", ErrorClass::kRetry, Reaction::kReadState, ErrorKind::kTryAgain},
    {"VPC.ERROR", ErrorClass::kRetry, Reaction::kReadState, ErrorKind::kTryAgain},
    {"OperationConflict", ErrorClass::kState, Reaction::kReadState, ErrorKind::kTryAgain},
    {"Operation.Conflict", ErrorClass::kState, Reaction::kReadState, ErrorKind::kTryAgain},
    {"OperationFailed.DistibuteLock", ErrorClass::kState, Reaction::kReadState,
     ErrorKind::kTryAgain},
    {"InvalidOperation.InvalidEniState", ErrorClass::kState, Reaction::kReadState,
     ErrorKind::kTryAgain},
    {"IncorrcetRouteEntryStatus", ErrorClass::kState, Reaction::kReadState, ErrorKind::kTryAgain},
    {"TaskConflict", ErrorClass::kState, Reaction::kReadState, ErrorKind::kTryAgain},
    {"EniPerInstanceLimitExceeded", ErrorClass::kQuota, Reaction::kResync, ErrorKind::kTryAgain},
    {"InvalidOperation.Ipv4CountExceeded", ErrorClass::kQuota, Reaction::kResync,
     ErrorKind::kTryAgain},
    {"InvalidVSwitchId.IpNotEnough", ErrorClass::kQuota, Reaction::kOtherVSwitch,
     ErrorKind::kTryAgain},
    {"QuotaExceeded.PrivateIpAddress", ErrorClass::kQuota, Reaction::kOtherVSwitch,
     ErrorKind::kTryAgain},
    {"QuotaExceeded", ErrorClass::kQuota, Reaction::kSlowly, ErrorKind::kTryAgain},
    {"SecurityGroupInstanceLimitExceed", ErrorClass::kQuota, Reaction::kOtherSecurityGroup,
     ErrorKind::kTryAgain},
    {"InvalidEniId.NotFound", ErrorClass::kNotFound, Reaction::kGone, ErrorKind::kNotFound},
    {"InvalidInstanceId.NotFound", ErrorClass::kNotFound, Reaction::kGone, ErrorKind::kNotFound},
    {"InvalidIp.IpUnassigned", ErrorClass::kNotFound, Reaction::kGone, ErrorKind::kNotFound},
    {"InvalidRouteEntry.NotFound", ErrorClass::kNotFound, Reaction::kGone, ErrorKind::kNotFound},
    {"InvalidVSwitchId.NotFound", ErrorClass::kPermanent, Reaction::kOtherVSwitch,
     ErrorKind::kBadConfig},
    {"InvalidSecurityGroupId.NotFound", ErrorClass::kPermanent, Reaction::kSlowly,
     ErrorKind::kBadConfig},
    {"InvalidRegionId.NotFound", ErrorClass::kPermanent, Reaction::kSlowly, ErrorKind::kBadConfig},
    {"InvalidIp.IpAssigned", ErrorClass::kPermanent, Reaction::kOtherAddress, ErrorKind::kExists},
    {"InvalidCIDRBlock.Duplicate", ErrorClass::kPermanent, Reaction::kAdoptOrReplace,
     ErrorKind::kExists},
    {"Forbidden", ErrorClass::kPermanent, Reaction::kSlowly, ErrorKind::kInternal},
    {"Forbidden.RAM", ErrorClass::kPermanent, Reaction::kSlowly, ErrorKind::kInternal},
    {"Forbbiden.SubUser", ErrorClass::kPermanent, Reaction::kSlowly, ErrorKind::kInternal},
    {"MissingParameter.RegionId", ErrorClass::kPermanent, Reaction::kSlowly, ErrorKind::kInternal},
    {"InvalidOperation.EniHotPlugNotSupported", ErrorClass::kPermanent, Reaction::kSlowly,
     ErrorKind::kUnsupported},
    {"InvalidOperation.SomethingNew", ErrorClass::kPermanent, Reaction::kSlowly,
     ErrorKind::kInternal},
    {"InvalidSecurityToken.Expired", ErrorClass::kCredential, Reaction::kSlowly,
     ErrorKind::kInternal},
    {"SignatureDoesNotMatch", ErrorClass::kCredential, Reaction::kSlowly, ErrorKind::kInternal},
    {"Forbidden.AccessKeyDisabled", ErrorClass::kCredential, Reaction::kSlowly,
     ErrorKind::kInternal},
    {"IdempotentFailed", ErrorClass::kPermanent, Reaction::kNewToken, ErrorKind::kTryAgain},
    {"IllegalParam.NextTokenExpired", ErrorClass::kPermanent, Reaction::kRestartListing,
     ErrorKind::kTryAgain},
    {"DryRunOperation", ErrorClass::kPermanent, Reaction::kWouldSucceed, ErrorKind::kInternal},
    {"Transport.NotSent", ErrorClass::kRetry, Reaction::kLater, ErrorKind::kTryAgain},
    {"Transport.Unknown", ErrorClass::kRetry, Reaction::kReadState, ErrorKind::kTryAgain},
    {"Response.Garbage", ErrorClass::kRetry, Reaction::kReadState, ErrorKind::kTryAgain},
};

TEST(ErrorClass, EveryCodeHasItsClassAndReaction) {
  for (const Case& expected : kCases) {
    // The same whatever the status: codes come with several.
    for (const int status : {400, 403, 404, 500}) {
      const Verdict verdict = verdict_on(expected.code, status);
      EXPECT_EQ(verdict.error_class, expected.error_class) << expected.code;
      EXPECT_EQ(verdict.reaction, expected.reaction) << expected.code;
      EXPECT_EQ(verdict.kind, expected.kind) << expected.code;
      const Error error = Error(verdict.kind, "x").code(expected.code);
      EXPECT_EQ(class_of(error), expected.error_class) << expected.code;
      EXPECT_EQ(reaction_to(error), expected.reaction) << expected.code;
    }
  }
}

TEST(ErrorClass, AnUnknownCodeIsJudgedByItsStatusAndKeepsThatVerdict) {
  const Verdict passing = verdict_on("Brand.New", 503);
  EXPECT_EQ(passing.error_class, ErrorClass::kRetry);
  EXPECT_EQ(class_of(Error(passing.kind, "x").code("Brand.New")), ErrorClass::kRetry);
  const Verdict permanent = verdict_on("Brand.New", 400);
  EXPECT_EQ(permanent.error_class, ErrorClass::kPermanent);
  EXPECT_EQ(class_of(Error(permanent.kind, "x").code("Brand.New")), ErrorClass::kPermanent);
  const Verdict missing = verdict_on("InvalidNewThing.NotFound", 404);
  EXPECT_EQ(missing.error_class, ErrorClass::kNotFound);
  EXPECT_NE(missing.reaction, Reaction::kGone) << "no success on the strength of a guess";
}

TEST(ErrorClass, FamiliesEndAtADot) {
  EXPECT_TRUE(is_of_family("Throttling.User", "Throttling"));
  EXPECT_TRUE(is_of_family("Throttling", "Throttling"));
  EXPECT_FALSE(is_of_family("ThrottlingX", "Throttling"));
  EXPECT_FALSE(is_of_family("Throttle", "Throttling"));
}

TEST(ErrorClass, OnlyWhatTheServerMayHaveSeenMayHaveBeenDone) {
  const auto of = [](std::string_view code) {
    return may_have_been_done(Error(verdict_on(code, 400).kind, "x").code(code));
  };
  EXPECT_TRUE(of(kNoAnswer));
  EXPECT_TRUE(of(kGarbage));
  EXPECT_TRUE(of("InternalError"));
  EXPECT_FALSE(of(kNotSent));
  EXPECT_FALSE(of("Throttling.User"));
  EXPECT_FALSE(of("Forbidden.RAM"));
  EXPECT_FALSE(of("InvalidVSwitchId.IpNotEnough"));
}

TEST(ErrorClass, WhatAnAdminCanMendComesWithAdvice) {
  for (const char* code : {"Transport.NotSent", "InvalidRegionId.NotFound", "Forbidden.RAM",
                           "InvalidVSwitchId.NotFound", "InvalidVSwitchId.IpNotEnough",
                           "MaxEniCountExceeded", "QuotaExceeded", "InvalidTimeStamp.Expired",
                           "InvalidAccessKeyId.NotFound", "InvalidSecurityGroupId.NotFound"}) {
    const std::string_view advice = verdict_on(code, 400).advice;
    EXPECT_FALSE(advice.empty()) << code;
    EXPECT_EQ(advice.find('\n'), std::string_view::npos) << code;
  }
}

TEST(ErrorBody, WithoutACodeIsNone) {
  EXPECT_FALSE(parse_error_body("").has_value());
  EXPECT_FALSE(parse_error_body("{}").has_value());
  EXPECT_FALSE(parse_error_body("[1]").has_value());
  EXPECT_FALSE(parse_error_body("{\"Code\":null}").has_value());
  EXPECT_FALSE(parse_error_body("<html><h1>502</h1></html>").has_value());
  EXPECT_FALSE(parse_error_body("<Error><Code>cut").has_value());
}

TEST(ErrorBody, NumbersAndNestingDoNotBreakIt) {
  const auto body = parse_error_body(R"({"Code":500,"Message":{"a":1},"RequestId":7})");
  ASSERT_TRUE(body.has_value());
  EXPECT_EQ(body->code, "500");
  EXPECT_EQ(body->message, "{\"a\":1}");
}

TEST(ErrorBody, QuotedTextStaysOnOneLineAndShort) {
  EXPECT_EQ(one_line(" a\nb\tc\x01 ", 10), "a b c");
  EXPECT_EQ(one_line("abcdef", 3), "abc...");
}

}  // namespace
}  // namespace catena::cloud
