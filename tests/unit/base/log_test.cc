#include "common/base/log.h"

#include <fcntl.h>
#include <regex>
#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/file.h"
#include "tests/support/temp_dir.h"

namespace catena::base {
namespace {

TEST(Log, ALineSaysWhenWhoAndHowBad) {
  const test::TempDir directory;
  const std::string path = directory.path() + "/log";
  Log log("catena-test");
  log.to_file(path);
  log.info("ADD done");
  const std::string text = *read_file(path, 10'000);
  EXPECT_TRUE(std::regex_match(
      text, std::regex("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z catena-test\\[\\d+\\] "
                       "info: ADD done\n")))
      << text;
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0640U);
}

TEST(Log, ALineForJournaldBeginsWithItsLevel) {
  const test::TempDir directory;
  const std::string path = directory.path() + "/stderr";
  const UniqueFd file = open_file(path, O_RDWR | O_CREAT).value();
  const UniqueFd saved(::dup(STDERR_FILENO));
  ASSERT_GE(::dup2(file.get(), STDERR_FILENO), 0);
  ::setenv("JOURNAL_STREAM", "8:1", 1);
  Log log("catena-test");
  log.to_stderr();
  ::unsetenv("JOURNAL_STREAM");
  ASSERT_GE(::dup2(saved.get(), STDERR_FILENO), 0);
  log.warning("no address left");
  EXPECT_EQ(*read_file(path, 10'000), "<4>no address left\n");
}

TEST(Log, LinesBelowTheLevelAreLeftOut) {
  const test::TempDir directory;
  const std::string path = directory.path() + "/log";
  Log log("catena-test");
  log.to_file(path);
  log.debug("one");
  log.set_level(LogLevel::kWarning);
  log.info("two");
  log.warning("three");
  log.error("four");
  log.set_level(LogLevel::kDebug);
  log.debug("five");
  const std::string text = *read_file(path, 10'000);
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("one")));
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("two")));
  EXPECT_THAT(text, testing::HasSubstr("warning: three"));
  EXPECT_THAT(text, testing::HasSubstr("error: four"));
  EXPECT_THAT(text, testing::HasSubstr("debug: five"));
}

TEST(Log, OneCallIsOneLineWhateverTheTextHolds) {
  const test::TempDir directory;
  const std::string path = directory.path() + "/log";
  Log log("catena-test");
  log.to_file(path);
  log.info("pod=a\nforged line\r\x1b[31m\tb");
  const std::string text = *read_file(path, 10'000);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_THAT(text, testing::HasSubstr("pod=a forged line"));
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(Log, AppendsToWhatIsThere) {
  const test::TempDir directory;
  const std::string path = directory.path() + "/log";
  ASSERT_TRUE(replace_file(path, "earlier\n").ok());
  Log log("catena-test");
  log.to_file(path);
  log.info("later");
  EXPECT_THAT(*read_file(path, 10'000), testing::StartsWith("earlier\n"));
}

TEST(Log, AFileThatCannotBeOpenedIsNoFailure) {
  Log log("catena-test");
  log.to_file("/absent/log");
  log.info("goes to syslog");
  struct stat info {};
  EXPECT_NE(::stat("/absent", &info), 0);
}

}  // namespace
}  // namespace catena::base
