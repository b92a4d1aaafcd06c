#include "common/cloud/rate_budget.h"

#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/file.h"
#include "common/cloud/error_class.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/cloud/fake_pace.h"

namespace catena::cloud {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

constexpr std::string_view kAction = "AssignPrivateIpAddresses";

class RateBudgetTest : public testing::Test {
 protected:
  RateBudget budget(int per_minute) {
    return {path(), pace_, {{std::string(kAction), per_minute}}};
  }
  std::string path() const { return directory_.path() + "/cloud"; }

  test::TempDir directory_;
  FakePace pace_;
};

TEST_F(RateBudgetTest, ABurstGoesAtOnceAndTheRestEvenly) {
  RateBudget rates = budget(60);  // one a second, ten at once
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(rates.take(kAction, seconds(0)).ok()) << i;
  }
  EXPECT_EQ(pace_.elapsed(), milliseconds(0));
  ASSERT_TRUE(rates.take(kAction, seconds(5)).ok());
  EXPECT_EQ(pace_.elapsed(), seconds(1));
  ASSERT_TRUE(rates.take(kAction, seconds(5)).ok());
  EXPECT_EQ(pace_.elapsed(), seconds(2));
}

TEST_F(RateBudgetTest, NoCalendarMinuteHasMoreThanTheLimit) {
  RateBudget rates = budget(60);
  std::map<std::int64_t, int> by_minute;
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(rates.take(kAction, seconds(120)).ok()) << i;
    ++by_minute[std::chrono::duration_cast<std::chrono::minutes>(pace_.wall().time_since_epoch())
                    .count()];
  }
  for (const auto& [minute, calls] : by_minute) {
    EXPECT_LE(calls, 60) << "in minute " << minute;
  }
  EXPECT_LE(by_minute.size(), 4U) << "and no slower than need be";
}

TEST_F(RateBudgetTest, AWaitLongerThanThePatienceIsRefusedAtOnceAndNotCounted) {
  RateBudget rates = budget(6);
  ASSERT_TRUE(rates.take(kAction, seconds(0)).ok());
  const base::Status refused = rates.take(kAction, seconds(9));
  ASSERT_FALSE(refused.ok());
  EXPECT_TRUE(refused.error().is(base::ErrorKind::kTryAgain));
  EXPECT_EQ(class_of(refused.error()), ErrorClass::kThrottled);
  EXPECT_FALSE(may_have_been_done(refused.error()));
  EXPECT_THAT(refused.error().message(), HasSubstr("6 a minute"));
  EXPECT_EQ(pace_.elapsed(), seconds(0));
  EXPECT_TRUE(rates.take(kAction, seconds(10)).ok());
  EXPECT_EQ(pace_.elapsed(), seconds(10));
}

TEST_F(RateBudgetTest, ActionsDoNotShareTheirLimits) {
  RateBudget rates = budget(1);
  ASSERT_TRUE(rates.take(kAction, seconds(0)).ok());
  EXPECT_FALSE(rates.take(kAction, seconds(0)).ok());
  EXPECT_TRUE(rates.take("UnassignPrivateIpAddresses", seconds(0)).ok());
}

TEST_F(RateBudgetTest, OverridesReplaceDefaultsOneByOne) {
  const RateBudget rates(path(), pace_, {{"CreateNetworkInterface", 7}, {"", 3}});
  EXPECT_EQ(rates.limit_of("CreateNetworkInterface"), 7);
  EXPECT_EQ(rates.limit_of("AttachNetworkInterface"), 50);
  EXPECT_EQ(rates.limit_of("DescribeVpcs"), 3);
  EXPECT_EQ(RateBudget(path(), pace_).limit_of("DescribeVpcs"), 50);
}

TEST_F(RateBudgetTest, AThrottleSeenByOneHoldsBackAll) {
  RateBudget one = budget(600);
  RateBudget other = budget(600);
  ASSERT_TRUE(one.hold_back(kAction, seconds(30)).ok());
  EXPECT_FALSE(other.take(kAction, seconds(29)).ok());
  ASSERT_TRUE(other.take(kAction, seconds(31)).ok());
  EXPECT_EQ(pace_.elapsed(), seconds(30));
  EXPECT_TRUE(other.take("DescribeVpcs", seconds(0)).ok());
}

TEST_F(RateBudgetTest, AShorterHoldDoesNotEndALongerOne) {
  RateBudget rates = budget(600);
  ASSERT_TRUE(rates.hold_back(kAction, seconds(30)).ok());
  ASSERT_TRUE(rates.hold_back(kAction, seconds(1)).ok());
  ASSERT_TRUE(rates.take(kAction, seconds(60)).ok());
  EXPECT_EQ(pace_.elapsed(), seconds(30));
}

TEST_F(RateBudgetTest, AClockSetBackDoesNotStopTheNode) {
  RateBudget rates = budget(6);
  ASSERT_TRUE(rates.hold_back(kAction, seconds(30)).ok());
  pace_.step(-std::chrono::hours(24));
  EXPECT_TRUE(rates.take(kAction, seconds(0)).ok());
}

TEST_F(RateBudgetTest, ATornOrForeignFileCountsAsEmpty) {
  RateBudget rates = budget(1);
  ASSERT_TRUE(rates.take(kAction, seconds(0)).ok());
  const std::string whole = *base::read_file(path() + "/rates", 10'000);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    ASSERT_TRUE(base::replace_file(path() + "/rates", whole.substr(0, length)).ok());
    ASSERT_TRUE(rates.take(kAction, seconds(0)).ok()) << "cut to " << length << " bytes";
  }
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string flipped = whole;
    flipped[i] = static_cast<char>(flipped[i] ^ 1);
    ASSERT_TRUE(base::replace_file(path() + "/rates", flipped).ok());
    ASSERT_TRUE(rates.take(kAction, seconds(0)).ok()) << "byte " << i << " flipped";
  }
  ASSERT_TRUE(base::replace_file(path() + "/rates", std::string(200'000, 'x')).ok());
  EXPECT_TRUE(rates.take(kAction, seconds(0)).ok());
}

TEST_F(RateBudgetTest, ADirectoryThatCannotBeMadeIsAnError) {
  RateBudget rates("/proc/catena", pace_);
  const base::Status status = rates.take(kAction, seconds(0));
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().message(), HasSubstr("/proc/catena"));
}

// Runs `work` in a process of its own; its exit status is what `work` returns.
template <typename Work>
pid_t start_process(Work work) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::_exit(work());
  }
  return pid;
}

int exit_status_of(pid_t pid) {
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST_F(RateBudgetTest, ProcessesTogetherKeepToOneLimit) {
  // All in one minute of a clock that stands still: each sees the others through the file alone.
  std::vector<pid_t> processes;
  for (int i = 0; i < 8; ++i) {
    processes.push_back(start_process([&] {
      RateBudget rates = budget(120);
      int taken = 0;
      for (int call = 0; call < 10; ++call) {
        taken += rates.take(kAction, seconds(0)).ok() ? 1 : 0;
      }
      return taken;
    }));
  }
  int taken = 0;
  for (const pid_t pid : processes) {
    taken += exit_status_of(pid);
  }
  EXPECT_EQ(taken, 20) << "a sixth of 120";
}

TEST_F(RateBudgetTest, ThreadsTogetherKeepToOneLimit) {
  std::atomic<int> taken = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      RateBudget rates = budget(60);
      for (int call = 0; call < 10; ++call) {
        taken += rates.take(kAction, seconds(0)).ok() ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(taken, 10);
}

TEST_F(RateBudgetTest, ProcessesKilledAtAnyPointLeaveAUsableFile) {
  for (int round = 0; round < 30; ++round) {
    const pid_t pid = start_process([&] {
      RateBudget rates = budget(6'000'000);
      while (rates.take(kAction, seconds(0)).ok()) {
      }
      return 1;
    });
    std::this_thread::sleep_for(milliseconds(3 + round % 7));
    ::kill(pid, SIGKILL);
    EXPECT_EQ(exit_status_of(pid), 128 + SIGKILL);
    RateBudget rates = budget(6'000'000);
    EXPECT_TRUE(rates.take(kAction, seconds(1)).ok());
  }
}

}  // namespace
}  // namespace catena::cloud
