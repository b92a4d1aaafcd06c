#include <fcntl.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/file.h"
#include "tests/kernel/netlink/world.h"
#include "tests/support/temp_dir.h"

namespace catena::netlink {
namespace {

using test::must;
using testing::HasSubstr;

void expect_bad_netns(const std::string& path) {
  const base::Result<NetNs> netns = NetNs::open(path);
  ASSERT_FALSE(netns.ok()) << path;
  EXPECT_TRUE(netns.error().is(base::ErrorKind::kBadNetns)) << netns.error().text();
  EXPECT_THAT(netns.error().message(), HasSubstr(path));
  EXPECT_NE(netns.error().advice(), "");
}

TEST(NetNsOpen, RefusesWhatIsNoNetworkNamespace) {
  const test::TempDir dir;
  must(base::replace_file(dir.path() + "/file", ""));
  ASSERT_EQ(::mkfifo((dir.path() + "/fifo").c_str(), 0600), 0);
  expect_bad_netns(dir.path() + "/file");
  expect_bad_netns(dir.path() + "/fifo");
  expect_bad_netns(dir.path());
  expect_bad_netns("/dev/null");
  expect_bad_netns("/proc/self/ns/pid");
}

TEST(NetNsOpen, NothingThereIsNotFoundAndNothingIsMade) {
  const test::TempDir dir;
  must(base::replace_file(dir.path() + "/file", ""));
  for (const std::string& path :
       {dir.path() + "/absent", dir.path() + "/file/below", std::string()}) {
    const base::Result<NetNs> netns = NetNs::open(path);
    ASSERT_FALSE(netns.ok());
    EXPECT_TRUE(netns.error().is(base::ErrorKind::kNotFound)) << netns.error().text();
    EXPECT_NE(netns.error().advice(), "");
  }
  EXPECT_NE(::access((dir.path() + "/absent").c_str(), F_OK), 0);
}

TEST(NetNsOpen, IsClosedOnExecAndReadOnly) {
  const test::ScratchNetNs scratch;
  const NetNs netns = must(NetNs::open(scratch.path()));
  EXPECT_NE(::fcntl(netns.fd(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_EQ(::fcntl(netns.fd(), F_GETFL) & O_ACCMODE, O_RDONLY);
}

TEST(NetNs, IsTheSameByAnyPath) {
  const test::ScratchNetNs a;
  const test::ScratchNetNs b;
  const NetNs ours = must(NetNs::current());
  EXPECT_TRUE(must(NetNs::open(a.path())).same_as(must(NetNs::open(a.path()))));
  EXPECT_FALSE(must(NetNs::open(a.path())).same_as(must(NetNs::open(b.path()))));
  EXPECT_FALSE(must(NetNs::open(a.path())).same_as(ours));
  EXPECT_TRUE(must(NetNs::open("/proc/self/ns/net")).same_as(ours));
}

bool inside(const NetNs& netns) { return must(NetNs::current()).same_as(netns); }

base::Status enter_and_fail(const NetNs& netns) {
  const ScopedNetNs scope = TRY(ScopedNetNs::enter(netns));
  EXPECT_TRUE(inside(netns));
  TRY(base::Status(base::Error(base::ErrorKind::kInternal, "left early")));
  return {};
}

TEST(ScopedNetNs, ComesHomeAlsoWhenTheScopeIsLeftEarly) {
  const NetNs home = must(NetNs::current());
  const test::ScratchNetNs scratch;
  const NetNs netns = must(NetNs::open(scratch.path()));
  EXPECT_FALSE(enter_and_fail(netns).ok());
  EXPECT_TRUE(inside(home));
  {
    const ScopedNetNs scope = must(ScopedNetNs::enter(netns));
    EXPECT_TRUE(inside(netns));
  }
  EXPECT_TRUE(inside(home));
}

TEST(ScopedNetNs, NestsAndAMovedFromOneDoesNothing) {
  const NetNs home = must(NetNs::current());
  const test::ScratchNetNs scratch_a;
  const test::ScratchNetNs scratch_b;
  const NetNs a = must(NetNs::open(scratch_a.path()));
  const NetNs b = must(NetNs::open(scratch_b.path()));
  {
    const ScopedNetNs in_a = must(ScopedNetNs::enter(a));
    {
      ScopedNetNs in_b = must(ScopedNetNs::enter(b));
      {
        const ScopedNetNs taken = std::move(in_b);
        EXPECT_TRUE(inside(b));
      }
      EXPECT_TRUE(inside(a));
    }
    EXPECT_TRUE(inside(a));
  }
  EXPECT_TRUE(inside(home));
}

TEST(ScopedNetNs, LeavesOtherThreadsWhereTheyAre) {
  const NetNs home = must(NetNs::current());
  const test::ScratchNetNs scratch;
  const NetNs netns = must(NetNs::open(scratch.path()));
  const ScopedNetNs scope = must(ScopedNetNs::enter(netns));
  bool other_at_home = false;
  // A new thread starts where its maker is, so it goes home first and then must stay there.
  std::thread([&] {
    const ScopedNetNs at_home = must(ScopedNetNs::enter(home));
    std::thread([&] { const ScopedNetNs elsewhere = must(ScopedNetNs::enter(netns)); }).join();
    other_at_home = inside(home);
  }).join();
  EXPECT_TRUE(other_at_home);
  EXPECT_TRUE(inside(netns));
}

TEST(ScopedNetNs, AbortsWhenItCannotComeHome) {
  const test::ScratchNetNs scratch;
  const auto lose_the_way_home = [&] {
    const NetNs netns = must(NetNs::open(scratch.path()));
    // The descriptor that `enter` opens is the lowest free one.
    const int next = ::dup(0);
    ::close(next);
    const ScopedNetNs scope = must(ScopedNetNs::enter(netns));
    ::close(next);
  };
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_EXIT(lose_the_way_home(), testing::KilledBySignal(SIGABRT), "");
}

TEST(SocketOpenIn, StaysInItsNamespaceWhileTheThreadIsAtHome) {
  const NetNs home = must(NetNs::current());
  test::Namespaces world;
  EXPECT_TRUE(inside(home));
  world.pod_ns.sh("ip link add only-here type veth peer name other");
  EXPECT_TRUE(world.pod.find_link("only-here").ok());
  EXPECT_FALSE(world.host.find_link("only-here").ok());
}

}  // namespace
}  // namespace catena::netlink
