#include "cli/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace catena::test {
namespace {

using base::ErrorKind;
using cli::run_program;

TEST(Program, GivesInputEnvironmentOutputAndStatus) {
  const auto ended = run_program({.words = {"sh", "-c", "cat; echo $WHO; echo no >&2; exit 3"},
                                  .input = "hello ",
                                  .environment = {{"WHO", "you"}}});
  ASSERT_TRUE(ended.ok());
  EXPECT_EQ(ended->status, 3);
  EXPECT_EQ(ended->out, "hello you\n");
  EXPECT_EQ(ended->err, "no\n");
}

TEST(Program, MuchOutputBlocksNobody) {
  const auto ended = run_program({.words = {"sh", "-c", "head -c 1000000 /dev/zero; cat"},
                                  .input = std::string(500'000, 'x'),
                                  .environment = {}});
  ASSERT_TRUE(ended.ok());
  EXPECT_EQ(ended->out.size(), 1'500'000U);
}

TEST(Program, OneThatDoesNotEndIsKilled) {
  const auto ended = run_program({.words = {"sleep", "600"},
                                  .input = "",
                                  .environment = {},
                                  .patience = std::chrono::milliseconds(50)});
  ASSERT_FALSE(ended.ok());
  EXPECT_TRUE(ended.error().is(ErrorKind::kTryAgain));
  EXPECT_THAT(ended.error().text(), testing::HasSubstr("within 50 ms"));
}

TEST(Program, OneThatIsNotThereIsNotFound) {
  const auto ended = run_program({.words = {"/nowhere/fly"}, .input = "", .environment = {}});
  ASSERT_FALSE(ended.ok());
  EXPECT_TRUE(ended.error().is(ErrorKind::kNotFound));
}

TEST(Program, DeathBySignalIsAStatusAbove128) {
  const auto ended =
      run_program({.words = {"sh", "-c", "kill -9 $$"}, .input = "", .environment = {}});
  ASSERT_TRUE(ended.ok());
  EXPECT_EQ(ended->status, 137);
}

}  // namespace
}  // namespace catena::test
