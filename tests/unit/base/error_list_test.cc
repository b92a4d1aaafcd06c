#include "common/base/error_list.h"

#include <gtest/gtest.h>

namespace catena::base {
namespace {

TEST(ErrorList, NothingThatFailedIsSuccess) {
  ErrorList errors;
  errors.add({});
  EXPECT_TRUE(errors.empty());
  EXPECT_TRUE(errors.to_status().ok());
}

TEST(ErrorList, WhatIsGoneAlreadyIsSuccess) {
  ErrorList errors;
  errors.add(Error(ErrorKind::kNotFound, "no such link"));
  EXPECT_TRUE(errors.to_status().ok());
}

TEST(ErrorList, EveryFailureIsNamedAndTheFirstGivesKindAndAdvice) {
  ErrorList errors;
  errors.add(Error(ErrorKind::kTryAgain, "lock held").advice("wait"));
  errors.add({});
  errors.add(Error(ErrorKind::kIo, "disk broken").advice("replace it"));
  const Status status = errors.to_status();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().message(), "lock held; disk broken");
  EXPECT_EQ(status.error().advice(), "wait");
  EXPECT_TRUE(status.error().is(ErrorKind::kTryAgain));
  EXPECT_EQ(errors.errors().size(), 2U);
}

}  // namespace
}  // namespace catena::base
