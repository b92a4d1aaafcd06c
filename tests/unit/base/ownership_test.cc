#include <cerrno>
#include <fcntl.h>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

#include "common/base/rollback.h"
#include "common/base/unique_fd.h"

namespace catena::base {
namespace {

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

int open_null() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

TEST(UniqueFd, ClosesWhatItOwnsOnce) {
  int number = -1;
  {
    const UniqueFd fd(open_null());
    number = fd.get();
    EXPECT_TRUE(fd.valid());
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(UniqueFd, MoveHandsOverAndClosesWhatWasThereBefore) {
  UniqueFd first(open_null());
  UniqueFd second(open_null());
  const int kept = first.get();
  const int closed = second.get();
  second = std::move(first);
  EXPECT_EQ(second.get(), kept);
  EXPECT_TRUE(is_open(kept));
  EXPECT_FALSE(is_open(closed));
  // NOLINTNEXTLINE(bugprone-use-after-move,clang-analyzer-cplusplus.Move): that is what is tested
  EXPECT_FALSE(first.valid());
}

TEST(UniqueFd, ReleaseLeavesTheDescriptorOpen) {
  UniqueFd fd(open_null());
  const int number = fd.release();
  fd.reset();
  EXPECT_TRUE(is_open(number));
  ::close(number);
}

TEST(Rollback, UndoesNewestFirst) {
  std::string order;
  {
    Rollback rollback;
    rollback.push([&] { order += "a"; });
    rollback.push([&] { order += "b"; });
    rollback.push([&] { order += "c"; });
  }
  EXPECT_EQ(order, "cba");
}

TEST(Rollback, CommitKeepsEverything) {
  std::string order;
  {
    Rollback rollback;
    rollback.push([&] { order += "a"; });
    rollback.commit();
    rollback.push([&] { order += "b"; });
  }
  EXPECT_EQ(order, "b");
}

}  // namespace
}  // namespace catena::base
