#include "common/base/file.h"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <sys/resource.h>
#include <sys/stat.h>
#include <thread>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace catena::base {
namespace {

std::size_t files_in(const std::string& directory) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(directory)) {
    ++count;
  }
  return count;
}

unsigned mode_of(const std::string& path) {
  struct stat info {};
  EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 07777U;
}

TEST(ReplaceFile, HoldsTheNewDataAndLeavesNothingBeside) {
  const test::TempDir directory;
  const std::string path = directory.path() + "/store";
  ASSERT_TRUE(replace_file(path, "one").ok());
  ASSERT_TRUE(replace_file(path, "the second, longer one").ok());
  EXPECT_EQ(*read_file(path, 100), "the second, longer one");
  EXPECT_EQ(mode_of(path), 0600U);
  EXPECT_EQ(files_in(directory.path()), 1U);
}

TEST(ReplaceFile, KeepsTheOldDataWhenTheNewCannotBeWrittenWhole) {
  const test::TempDir directory;
  const std::string path = directory.path() + "/store";
  ASSERT_TRUE(replace_file(path, "old").ok());
  // A limit on the size of files fails a write half-way, as a full disk does.
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  auto* const old_handler = ::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{4096, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const Status written = replace_file(path, std::string(100'000, 'x'));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ::signal(SIGXFSZ, old_handler);
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().sys_errno(), EFBIG);
  EXPECT_EQ(*read_file(path, 100), "old");
  EXPECT_EQ(files_in(directory.path()), 1U);
}

TEST(ReplaceFile, NamesTheDirectoryThatIsMissing) {
  const test::TempDir directory;
  const Status written = replace_file(directory.path() + "/absent/store", "data");
  ASSERT_FALSE(written.ok());
  EXPECT_TRUE(written.error().is(ErrorKind::kNotFound));
  EXPECT_NE(written.error().message().find("/absent/store"), std::string::npos);
}

TEST(WriteAll, AFullDiskIsAnErrorThatATryLaterMayNotHave) {
  const UniqueFd full = open_file("/dev/full", O_WRONLY).value();
  const Status written = write_all(full.get(), "data", "the journal");
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().message(), "write the journal: No space left on device");
  EXPECT_TRUE(written.error().is(ErrorKind::kTryAgain));
}

TEST(WriteAll, GoesOnAfterAPartialWrite) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  const std::string data(1'000'000, 'x');  // more than a pipe holds
  std::thread writer([&] {
    EXPECT_TRUE(write_all(write_end.get(), data, "pipe").ok());
    write_end.reset();
  });
  const Result<std::string> read = read_all(read_end.get(), data.size(), "pipe");
  writer.join();
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, data);
}

TEST(ReadFile, TakesAsMuchAsAllowedAndNoByteMore) {
  const test::TempDir directory;
  const std::string path = directory.path() + "/file";
  for (const std::size_t size : {0U, 1U, 4095U, 4096U, 8192U, 8193U, 100'000U}) {
    const std::string data(size, 'x');
    ASSERT_TRUE(replace_file(path, data).ok());
    EXPECT_EQ(*read_file(path, size), data);
    if (size > 0) {
      const Result<std::string> read = read_file(path, size - 1);
      ASSERT_FALSE(read.ok());
      EXPECT_TRUE(read.error().is(ErrorKind::kUndecodable));
    }
  }
}

TEST(ReadFile, MissingUnreadableAndDirectoryAreToldApart) {
  const test::TempDir directory;
  const Result<std::string> missing = read_file(directory.path() + "/absent", 10);
  EXPECT_TRUE(missing.error().is(ErrorKind::kNotFound));
  const Result<std::string> folder = read_file(directory.path(), 10);
  EXPECT_TRUE(folder.error().is(ErrorKind::kIo));
  EXPECT_EQ(folder.error().message(), "read " + directory.path() + ": Is a directory");
}

TEST(OpenFile, IsCloseOnExec) {
  const UniqueFd fd = open_file("/dev/null", O_RDONLY).value();
  EXPECT_NE(::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(MakeDirectories, MakesWhatIsMissingAndIsDoneWhenItIsThere) {
  const test::TempDir directory;
  const std::string path = directory.path() + "/a/b/c";
  ASSERT_TRUE(make_directories(path).ok());
  ASSERT_TRUE(make_directories(path).ok());
  ASSERT_TRUE(make_directories(directory.path() + "/x/").ok());
  EXPECT_EQ(mode_of(path), 0700U);
  EXPECT_EQ(mode_of(directory.path() + "/a"), 0700U);
}

TEST(MakeDirectories, AFileInTheWayIsNamed) {
  const test::TempDir directory;
  const std::string file = directory.path() + "/file";
  ASSERT_TRUE(replace_file(file, "").ok());
  const Status in_place = make_directories(file);
  ASSERT_FALSE(in_place.ok());
  EXPECT_EQ(in_place.error().message(), "mkdir " + file + ": Not a directory");
  EXPECT_FALSE(make_directories(file + "/below").ok());
}

}  // namespace
}  // namespace catena::base
