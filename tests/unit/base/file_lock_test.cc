#include <atomic>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "common/base/file.h"
#include "tests/support/temp_dir.h"

namespace catena::base {
namespace {

using std::chrono::milliseconds;

// A process that holds the lock of `path` until it is killed.
class Holder {
 public:
  explicit Holder(const std::string& path) {
    int ready[2];
    if (::pipe2(ready, O_CLOEXEC) != 0) {
      ADD_FAILURE() << "pipe2";
      return;
    }
    pid_ = ::fork();
    if (pid_ == 0) {
      const Result<FileLock> lock = FileLock::acquire(path, Deadline(milliseconds(5'000)));
      const char held = lock.ok() ? 'y' : 'n';
      if (::write(ready[1], &held, 1) != 1) {
        ::_exit(1);
      }
      ::sleep(60);
      ::_exit(0);
    }
    char held = 'n';
    EXPECT_EQ(::read(ready[0], &held, 1), 1);
    EXPECT_EQ(held, 'y');
    ::close(ready[0]);
    ::close(ready[1]);
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
  Holder(Holder&&) = delete;
  Holder& operator=(Holder&&) = delete;
  ~Holder() { kill(); }

  pid_t pid() const { return pid_; }
  void kill() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
      pid_ = -1;
    }
  }

 private:
  pid_t pid_ = -1;
};

TEST(FileLock, ATimeOutNamesTheProcessThatHoldsIt) {
  const test::TempDir directory;
  const std::string path = directory.path() + "/lock";
  const Holder holder(path);
  const auto start = std::chrono::steady_clock::now();
  const Result<FileLock> lock = FileLock::acquire(path, Deadline(milliseconds(50)));
  const auto waited = std::chrono::steady_clock::now() - start;
  ASSERT_FALSE(lock.ok());
  EXPECT_TRUE(lock.error().is(ErrorKind::kTryAgain));
  EXPECT_EQ(lock.error().message(),
            "lock " + path + ": held by pid " + std::to_string(holder.pid()) + " (base_test)");
  EXPECT_FALSE(lock.error().advice().empty());
  EXPECT_GE(waited, milliseconds(50));
  EXPECT_LT(waited, milliseconds(5'000));
}

TEST(FileLock, ADeadlineInThePastFailsAtOnce) {
  const test::TempDir directory;
  const std::string path = directory.path() + "/lock";
  const Holder holder(path);
  EXPECT_FALSE(FileLock::acquire(path, Deadline(milliseconds(0))).ok());
}

TEST(FileLock, AFreeLockIsHadEvenAfterTheDeadline) {
  const test::TempDir directory;
  EXPECT_TRUE(FileLock::acquire(directory.path() + "/lock", Deadline(milliseconds(0))).ok());
}

TEST(FileLock, AKilledHolderFreesIt) {
  const test::TempDir directory;
  const std::string path = directory.path() + "/lock";
  Holder holder(path);
  holder.kill();
  EXPECT_TRUE(FileLock::acquire(path, Deadline(milliseconds(1'000))).ok());
}

TEST(FileLock, AWaiterGetsItWhenTheHolderEnds) {
  const test::TempDir directory;
  const std::string path = directory.path() + "/lock";
  auto held =
      std::make_unique<Result<FileLock>>(FileLock::acquire(path, Deadline(milliseconds(0))));
  ASSERT_TRUE(held->ok());
  const pid_t waiter = ::fork();
  if (waiter == 0) {
    // The child's copy of the descriptor shares the lock: without this it would never be free.
    held.reset();
    ::_exit(FileLock::acquire(path, Deadline(milliseconds(10'000))).ok() ? 0 : 1);
  }
  ::usleep(20'000);
  held.reset();
  int status = -1;
  ASSERT_EQ(::waitpid(waiter, &status, 0), waiter);
  EXPECT_EQ(status, 0);
}

TEST(FileLock, TwoThreadsWaitAtOnceAndEachKeepsItsDeadline) {
  const test::TempDir directory;
  const std::string path = directory.path() + "/lock";
  Holder holder(path);
  std::atomic<int> late{0};
  const auto wait = [&](milliseconds patience) {
    late += FileLock::acquire(path, Deadline(patience)).ok() ? 1 : 0;
  };
  std::thread shorter(wait, milliseconds(200));
  ::usleep(20'000);
  std::thread longer(wait, milliseconds(500));
  ::usleep(2'500'000);
  holder.kill();  // whoever sleeps on gets the lock now
  shorter.join();
  longer.join();
  EXPECT_EQ(late, 0);
}

TEST(FileLock, AMissingDirectoryIsNamed) {
  const Result<FileLock> lock = FileLock::acquire("/absent/lock", Deadline(milliseconds(0)));
  ASSERT_FALSE(lock.ok());
  EXPECT_EQ(lock.error().message(), "open /absent/lock: No such file or directory");
}

}  // namespace
}  // namespace catena::base
