#include "common/base/result.h"

#include <cerrno>
#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace catena::base {
namespace {

Result<int> half_of(int number) {
  if (number % 2 != 0) {
    return Error(ErrorKind::kBadConfig, std::to_string(number) + " is odd");
  }
  return number / 2;
}

Result<int> quarter_of(int number) {
  const int half = TRY(half_of(number));
  return TRY(half_of(half));
}

Status check_even(int number) {
  TRY(half_of(number));
  return {};
}

TEST(Result, TryPassesTheValueOn) {
  ASSERT_TRUE(quarter_of(8).ok());
  EXPECT_EQ(*quarter_of(8), 2);
}

TEST(Result, TryReturnsTheErrorOfTheFirstStepThatFailed) {
  EXPECT_EQ(quarter_of(7).error().message(), "7 is odd");
  EXPECT_EQ(quarter_of(6).error().message(), "3 is odd");
  EXPECT_TRUE(quarter_of(6).error().is(ErrorKind::kBadConfig));
}

TEST(Result, TryWorksInAFunctionWithoutAValue) {
  EXPECT_TRUE(check_even(4).ok());
  EXPECT_EQ(check_even(5).error().message(), "5 is odd");
}

TEST(Result, TryMovesAValueThatCannotBeCopied) {
  const auto make = []() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(7); };
  const auto pass = [&]() -> Result<std::unique_ptr<int>> {
    std::unique_ptr<int> made = TRY(make());
    return made;
  };
  EXPECT_EQ(*pass().value(), 7);
}

TEST(Result, ContextIsReadOutermostFirstAndLeavesSuccessAlone) {
  EXPECT_EQ(half_of(3).context("inner").context("outer").error().message(),
            "outer: inner: 3 is odd");
  EXPECT_EQ(half_of(4).context("inner").value(), 2);
  EXPECT_EQ(check_even(5).context("check").error().message(), "check: 5 is odd");
  EXPECT_TRUE(check_even(4).context("check").ok());
}

TEST(Error, KindsOfErrno) {
  const struct {
    int sys_errno;
    ErrorKind kind;
  } cases[] = {
      {ENOENT, ErrorKind::kNotFound}, {ENODEV, ErrorKind::kNotFound},
      {ESRCH, ErrorKind::kNotFound},  {EEXIST, ErrorKind::kExists},
      {ENOSPC, ErrorKind::kTryAgain}, {EDQUOT, ErrorKind::kTryAgain},
      {ENOMEM, ErrorKind::kTryAgain}, {ENOBUFS, ErrorKind::kTryAgain},
      {EAGAIN, ErrorKind::kTryAgain}, {EIO, ErrorKind::kIo},
      {EROFS, ErrorKind::kIo},        {EACCES, ErrorKind::kIo},
      {EPERM, ErrorKind::kIo},        {EINVAL, ErrorKind::kInternal},
  };
  for (const auto& [sys_errno, kind] : cases) {
    const Error error = Error::from_errno(sys_errno, "try");
    EXPECT_EQ(error.kind(), kind) << sys_errno;
    EXPECT_EQ(error.sys_errno(), sys_errno);
  }
}

TEST(Error, TextNamesWhatWasTriedWhyItFailedAndWhatToDo) {
  const Error error =
      Error::from_errno(ENOSPC, "write /x").context("save the store").advice("free some space");
  EXPECT_EQ(error.message(), "save the store: write /x: No space left on device");
  EXPECT_EQ(error.text(), "save the store: write /x: No space left on device; free some space");
  EXPECT_EQ(error.sys_errno(), ENOSPC);
}

TEST(Error, AsChangesTheKindAndNothingElse) {
  const Error error = Error::from_errno(ENOENT, "open /x").advice("make it").as(ErrorKind::kIo);
  EXPECT_TRUE(error.is(ErrorKind::kIo));
  EXPECT_EQ(error.message(), "open /x: No such file or directory");
  EXPECT_EQ(error.advice(), "make it");
}

}  // namespace
}  // namespace catena::base
