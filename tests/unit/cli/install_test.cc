#include "cli/install.h"

#include <csignal>
#include <filesystem>
#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/base/file.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace catena::test {
namespace {

using testing::HasSubstr;

struct Folders {
  TempDir dir;
  cli::Options options;

  Folders() {
    options.from = dir.path() + "/from";
    options.bin_dir = dir.path() + "/to";
    std::filesystem::create_directory(options.from);
    std::filesystem::create_directory(options.bin_dir);
    write("catena-multiip", "#!/bin/sh\necho new\n");
    write("catena-agent", "agent");
    write("something-else", "no");
    write("catena-agent.tmp.12", "half");
  }
  void write(const std::string& name, const std::string& text) const {
    EXPECT_TRUE(base::replace_file(options.from + "/" + name, text).ok());
  }
  std::string installed(const std::string& name) const {
    const auto text = base::read_file(options.bin_dir + "/" + name, 1'000'000);
    return text.ok() ? *text : "";
  }
};

TEST(Install, CopiesTheProgramsOfCatenaAndNothingElse) {
  const Folders folders;
  const mode_t before = ::umask(077);
  const auto report = install(folders.options);
  ::umask(before);
  ASSERT_TRUE(report.ok()) << report.error().text();
  EXPECT_EQ(nlohmann::json::parse(report->json)["installed"],
            nlohmann::json::array({"catena-agent", "catena-multiip"}));
  EXPECT_EQ(folders.installed("catena-agent"), "agent");
  EXPECT_EQ(folders.installed("something-else"), "");
  struct stat info {};
  ASSERT_EQ(::stat((folders.options.bin_dir + "/catena-agent").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777U, 0755U);
  const auto files = std::filesystem::directory_iterator(folders.options.bin_dir);
  EXPECT_EQ(std::distance(begin(files), end(files)), 2);
}

TEST(Install, WhatIsTheSameAlreadyIsLeftAlone) {
  const Folders folders;
  ASSERT_TRUE(install(folders.options).ok());
  folders.write("catena-agent", "newer");
  const auto report = install(folders.options);
  ASSERT_TRUE(report.ok());
  const auto json = nlohmann::json::parse(report->json);
  EXPECT_EQ(json["installed"], nlohmann::json::array({"catena-agent"}));
  EXPECT_EQ(json["unchanged"], nlohmann::json::array({"catena-multiip"}));
  EXPECT_EQ(folders.installed("catena-agent"), "newer");
}

// A plain copy over a program that runs fails (ETXTBSY) or tears it.
TEST(Install, ReplacesAProgramThatRuns) {
  const Folders folders;
  std::filesystem::copy_file("/bin/sleep", folders.options.bin_dir + "/catena-multiip");
  const Outcome ended = run_process(
      {"sh", "-c", folders.options.bin_dir + "/catena-multiip 30 >/dev/null 2>&1 & echo $!"});
  const pid_t running = std::stoi(ended.out);
  const auto report = install(folders.options);
  EXPECT_EQ(::kill(running, SIGKILL), 0);
  ASSERT_TRUE(report.ok()) << report.error().text();
  EXPECT_THAT(folders.installed("catena-multiip"), HasSubstr("echo new"));
}

TEST(Install, SaysWhereItLookedForWhatIsMissing) {
  const Folders folders;
  cli::Options options = folders.options;
  options.bin_dir = folders.dir.path() + "/nowhere";
  auto report = install(options);
  ASSERT_FALSE(report.ok());
  EXPECT_THAT(report.error().text(), HasSubstr("/nowhere"));
  options = folders.options;
  options.from = folders.options.bin_dir;
  report = install(options);
  ASSERT_FALSE(report.ok());
  EXPECT_THAT(report.error().text(), HasSubstr("no program of Catena"));
}

}  // namespace
}  // namespace catena::test
