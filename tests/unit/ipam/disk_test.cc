// Disks that are full, read-only or broken. Each test works in a process and a mount namespace of
// its own.
#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <functional>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/ipam/store_fixture.h"

namespace catena::ipam {
namespace {

using base::ErrorKind;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kRange = "10.0.0.0/24";
constexpr int kSkipped = 77;

// Runs `work` in a child; its failures fail this test.
int in_child(const std::function<int()>& work) {
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    int status = work();
    if (testing::Test::HasFailure()) {
      status = 1;
    }
    std::fflush(nullptr);
    ::_exit(status);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void put_text(const char* file, const std::string& text) {
  const int fd = ::open(file, O_WRONLY | O_CLOEXEC);
  EXPECT_EQ(::write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  ::close(fd);
}

// Root of a mount namespace of our own, if need be of a user namespace.
bool enter_mount_namespace() {
  const std::string uid = std::to_string(::getuid());
  const std::string gid = std::to_string(::getgid());
  if (::unshare(CLONE_NEWNS) != 0) {
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
      return false;
    }
    put_text("/proc/self/setgroups", "deny");
    put_text("/proc/self/uid_map", "0 " + uid + " 1");
    put_text("/proc/self/gid_map", "0 " + gid + " 1");
  }
  return ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

class DiskTest : public StoreTest {
 protected:
  // `work` with a file system of 128 KiB at `path()`.
  void on_small_disk(const std::function<void()>& work) {
    std::filesystem::create_directory(path());
    const int status = in_child([&] {
      if (!enter_mount_namespace() ||
          ::mount("none", path().c_str(), "tmpfs", 0, "size=128k,mode=0700") != 0) {
        return kSkipped;
      }
      work();
      return 0;
    });
    if (status == kSkipped) {
      GTEST_SKIP() << "needs root or user namespaces for a mount of its own";
    }
    EXPECT_EQ(status, 0);
  }
  // Leaves `pages` pages of 4 KiB.
  void fill(std::uint64_t pages) {
    std::ofstream filler(path("filler"), std::ios::app | std::ios::binary);
    const std::string page(4096, 'x');
    while (space() > pages && filler) {
      filler << page << std::flush;
    }
  }
  std::uint64_t space() {
    struct statvfs info {};
    ::statvfs(path().c_str(), &info);
    return info.f_bavail;
  }
  void clear() { std::filesystem::remove(path("filler")); }
};

TEST_F(DiskTest, AFullDiskIsAClearErrorAndChangesNothing) {
  on_small_disk([this] {
    node_.claim("a", kRange);
    fill(0);
    std::vector<std::string> claimed;
    for (int i = 0; i < 40; ++i) {
      const std::string list = node_.list();
      const std::string journal = content_of(path("journal"));
      const std::string index = content_of(path("index.v1"));
      const std::string name = "c" + std::to_string(i);
      const auto result = node_.try_claim(name, {{range(kRange)}});
      if (result.ok()) {
        claimed.push_back(name);
        continue;
      }
      EXPECT_TRUE(result.error().is(ErrorKind::kTryAgain));
      EXPECT_THAT(result.error().text(), HasSubstr("No space left on device; free some space"));
      EXPECT_EQ(content_of(path("journal")), journal);
      EXPECT_EQ(content_of(path("index.v1")), index);
      EXPECT_EQ(node_.list(), list);
      EXPECT_EQ(node_.find("a"), "10.0.0.1") << "reading goes on";
      EXPECT_THAT(node_.release("a"), HasSubstr("No space left"));
    }
    EXPECT_LT(claimed.size(), 39U) << "the disk was never full";
    clear();
    EXPECT_EQ(node_.release("a"), "10.0.0.1");
    EXPECT_THAT(node_.claim("b", kRange), HasSubstr("10.0.0."));
    EXPECT_THAT(node_.store().take_notices(), IsEmpty());
  });
}

TEST_F(DiskTest, ANewStoreOnAFullDiskIsNoTrap) {
  on_small_disk([this] {
    for (std::uint64_t pages = 0; pages < 8; ++pages) {
      fill(pages);
      const auto result = node_.try_claim("a", {{range(kRange)}});
      if (!result.ok()) {
        EXPECT_TRUE(result.error().is(ErrorKind::kTryAgain)) << result.error().text();
        EXPECT_EQ(node_.find("a"), "");
      } else {
        EXPECT_EQ(text_of(*result), "10.0.0.1");
      }
      clear();
      EXPECT_EQ(node_.claim("a", kRange), "10.0.0.1");
      for (const char* name : {"journal", "index.v1", "lock"}) {
        std::filesystem::remove(path(name));
      }
      node_.store().take_notices();
    }
  });
}

TEST_F(DiskTest, WithoutSpaceForAnIndexTheJournalIsReadEachTime) {
  on_small_disk([this] {
    node_.claim("a", kRange);
    std::filesystem::remove(path("index.v1"));
    fill(0);
    EXPECT_EQ(node_.find("a"), "10.0.0.1");
    EXPECT_THAT(node_.store().take_notices(),
                testing::ElementsAre(HasSubstr("the index can't be written")));
    EXPECT_FALSE(std::filesystem::exists(path("index.v1.new")));
    EXPECT_EQ(node_.claim("b", kRange), "10.0.0.2") << "the journal's last page has room";
    EXPECT_EQ(node_.claim("b", kRange), "10.0.0.2");
    node_.kernel = {"10.0.0.3"};
    EXPECT_THAT(node_.claim("x", {{range("10.0.0.0/30")}}, {"10.0.0.1"}), HasSubstr("is held by"));
    EXPECT_EQ(node_.list(), "10.0.0.1 bound a, 10.0.0.2 bound b");
    clear();
    EXPECT_EQ(node_.find("b"), "10.0.0.2");
    EXPECT_TRUE(std::filesystem::exists(path("index.v1")));
  });
}

TEST_F(DiskTest, ABootOnAFullDiskFreesNothingHalfway) {
  on_small_disk([this] {
    node_.claim("a", kRange);
    fill(0);
    const std::string journal = content_of(path("journal"));
    Node next(path(), clock_, "boot-2");
    const auto result = next.try_claim("b", {{range(kRange)}});
    ASSERT_FALSE(result.ok());
    EXPECT_TRUE(result.error().is(ErrorKind::kTryAgain));
    EXPECT_EQ(content_of(path("journal")), journal);
    clear();
    EXPECT_EQ(next.list(), "10.0.0.1 free a");
  });
}

TEST_F(DiskTest, DamageOnAFullDiskIsMendedLater) {
  on_small_disk([this] {
    node_.claim("a", kRange);
    node_.claim("b", kRange);
    const std::string journal = content_of(path("journal"));
    put(path("journal"), journal.substr(0, 200));
    fill(0);
    const auto result = node_.store().find("a", "eth0");
    ASSERT_FALSE(result.ok());
    EXPECT_TRUE(result.error().is(ErrorKind::kTryAgain)) << result.error().text();
    clear();
    EXPECT_EQ(node_.find("b"), "10.0.0.2");
    EXPECT_EQ(content_of(path("journal.damaged-1")), journal.substr(0, 200));
    EXPECT_THAT(node_.store().take_notices(), SizeIs(1));
  });
}

TEST_F(DiskTest, AReadOnlyDiskIsAClearError) {
  on_small_disk([this] {
    node_.claim("a", kRange);
    ASSERT_EQ(::mount("none", path().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, "size=128k"), 0);
    const auto claimed = node_.try_claim("b", {{range(kRange)}});
    ASSERT_FALSE(claimed.ok());
    EXPECT_TRUE(claimed.error().is(ErrorKind::kIo));
    EXPECT_THAT(claimed.error().text(), HasSubstr("Read-only file system; the file system is"));
    EXPECT_TRUE(node_.store().release("a", "eth0").error().is(ErrorKind::kIo));
    EXPECT_TRUE(node_.store().available({range(kRange)}).error().is(ErrorKind::kIo));
    ASSERT_EQ(::mount("none", path().c_str(), nullptr, MS_REMOUNT, "size=128k"), 0);
    EXPECT_EQ(node_.list(), "10.0.0.1 bound a");
  });
}

// Makes system call `number` fail with `error` in this process, when its third argument is `third`
// (0: whatever it is).
bool break_call(unsigned number, unsigned error, unsigned third = 0) {
  const unsigned third_offset = offsetof(seccomp_data, args) + 2 * sizeof(__u64);
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, third_offset),
      BPF_JUMP(BPF_JMP | (third == 0 ? BPF_JGE : BPF_JEQ) | BPF_K, third, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{.len = sizeof filter / sizeof filter[0], .filter = filter};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

TEST_F(DiskTest, AFailedSyncChangesNothing) {
  node_.claim("a", kRange);
  const std::string journal = content_of(path("journal"));
  const std::string index = content_of(path("index.v1"));
  const int status = in_child([&] {
    if (!break_call(SYS_fdatasync, EIO)) {
      return kSkipped;
    }
    const auto result = node_.try_claim("b", {{range(kRange)}});
    EXPECT_FALSE(result.ok());
    EXPECT_TRUE(result.error().is(ErrorKind::kTryAgain));
    EXPECT_THAT(result.error().text(), HasSubstr("fdatasync"));
    EXPECT_FALSE(node_.store().release("a", "eth0").ok());
    return 0;
  });
  if (status == kSkipped) {
    GTEST_SKIP() << "needs seccomp filters";
  }
  ASSERT_EQ(status, 0);
  EXPECT_EQ(content_of(path("journal")), journal);
  EXPECT_EQ(content_of(path("index.v1")), index);
  EXPECT_EQ(node_.list(), "10.0.0.1 bound a");
}

TEST_F(DiskTest, AnyCallThatFailsFailsAllOrNothing) {
  const std::vector<std::pair<unsigned, const char*>> calls{
      {SYS_pwrite64, "pwrite"},     {SYS_write, "write"},         {SYS_fsync, "fsync"},
      {SYS_fdatasync, "fdatasync"}, {SYS_rename, "rename"},       {SYS_pread64, "pread"},
      {SYS_ftruncate, "ftruncate"}, {SYS_fallocate, "fallocate"}, {SYS_flock, "flock"},
      {SYS_openat, "open"}};
  for (const auto& [call, name] : calls) {
    for (const unsigned error : {unsigned{EIO}, unsigned{EDQUOT}}) {
      for (const char* boot : {"boot-1", "boot-2"}) {
        std::filesystem::remove_all(path());
        node_.claim("a", kRange);
        node_.claim("b", kRange);
        node_.release("a");
        const int status = in_child([&, call = call] {
          if (!break_call(call, error)) {
            return kSkipped;
          }
          Node mine(path(), clock_, boot);
          return mine.try_claim("c", {{range(kRange)}}).ok() ? 2 : 3;
        });
        if (status == kSkipped) {
          GTEST_SKIP() << "needs seccomp filters";
        }
        ASSERT_TRUE(status == 2 || status == 3) << name << " " << status;
        const std::string c = status == 2 ? ", 10.0.0.3 bound c" : "";
        if (std::string(boot) == "boot-1") {
          EXPECT_EQ(node_.list(), "10.0.0.1 cooling a, 10.0.0.2 bound b" + c) << name;
        } else {
          Node next(path(), clock_, boot);
          EXPECT_EQ(next.list(), "10.0.0.1 free a, 10.0.0.2 free b" + c) << name;
        }
      }
    }
  }
}

TEST_F(DiskTest, AnIndexThatCannotBeWrittenFailsNoTransaction) {
  node_.claim("a", kRange);
  const int status = in_child([&] {
    if (!break_call(SYS_pwrite64, EIO, 512)) {  // a block; the journal's lines are shorter
      return kSkipped;
    }
    EXPECT_EQ(node_.claim("b", kRange), "10.0.0.2");
    EXPECT_THAT(node_.store().take_notices(),
                testing::ElementsAre(HasSubstr("the index can't be written")));
    EXPECT_EQ(node_.find("b"), "10.0.0.2");
    EXPECT_EQ(node_.claim("c", kRange), "10.0.0.3");
    EXPECT_EQ(node_.release("a"), "10.0.0.1");
    return 0;
  });
  if (status == kSkipped) {
    GTEST_SKIP() << "needs seccomp filters";
  }
  EXPECT_EQ(status, 0);
  EXPECT_EQ(node_.list(), "10.0.0.1 cooling a, 10.0.0.2 bound b, 10.0.0.3 bound c");
}

}  // namespace
}  // namespace catena::ipam
