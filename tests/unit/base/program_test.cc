#include "common/base/program.h"

#include <chrono>
#include <csignal>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace catena::test {
namespace {

using base::ErrorKind;
using base::run_program;

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

TEST(Program, OneThatClosesItsOutputsAndStaysIsKilled) {
  const auto begin = std::chrono::steady_clock::now();
  const auto ended = run_program({.words = {"sh", "-c", "exec >&- 2>&-; sleep 600"},
                                  .input = "",
                                  .environment = {},
                                  .patience = std::chrono::milliseconds(100)});
  ASSERT_FALSE(ended.ok());
  EXPECT_TRUE(ended.error().is(base::ErrorKind::kTryAgain)) << ended.error().text();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

TEST(Program, WhatIsNotKeptIsThrownAway) {
  const auto ended = run_program({.words = {"sh", "-c", "head -c 300000 /dev/zero; exit 4"},
                                  .input = "",
                                  .environment = {},
                                  .kept = 1000});
  ASSERT_TRUE(ended.ok()) << ended.error().text();
  EXPECT_EQ(ended->out.size(), 1000U);
  EXPECT_EQ(ended->how(), "ended with status 4");
}

TEST(Program, ItsEnvironmentMayBeItsOwnAlone) {
  const auto ended = run_program({.words = {"/usr/bin/env"},
                                  .input = "",
                                  .environment = {{"WHO", "me"}},
                                  .only_this_environment = true});
  ASSERT_TRUE(ended.ok()) << ended.error().text();
  EXPECT_EQ(ended->out, "WHO=me\n");
}

TEST(Program, ItBeginsWithNoSignalBlockedNorABrokenPipeIgnored) {
  sigset_t some;
  ::sigemptyset(&some);
  ::sigaddset(&some, SIGTERM);
  sigset_t before;
  ::sigprocmask(SIG_BLOCK, &some, &before);
  ::signal(SIGPIPE, SIG_IGN);
  const auto kill_by = [](const std::string& signal) {
    return run_program({.words = {"sh", "-c", "kill -" + signal + " $$; echo alive"},
                        .input = "",
                        .environment = {}})
        .value()
        .how();
  };
  EXPECT_EQ(kill_by("TERM"), "was ended by signal 15");
  EXPECT_EQ(kill_by("PIPE"), "was ended by signal 13");
  ::signal(SIGPIPE, SIG_DFL);
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace
}  // namespace catena::test
