// A process is killed before each system call of a transaction, one run for each; the next process
// must find a store in which the transaction has happened or has not.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/ipam/journal.h"
#include "common/ipam/record.h"
#include "common/ipam/store.h"
#include "tests/support/temp_dir.h"

namespace catena::crash {
namespace {

using ipam::Claim;
using ipam::Range;
using ipam::RangeSet;
using ipam::Record;
using ipam::Store;
using testing::AnyOf;
using testing::Each;
using testing::Eq;
using testing::HasSubstr;

RangeSet set(const char* subnet) { return {Range::whole(base::Prefix::parse(subnet).value())}; }

Claim claim_of(const std::string& container) {
  Claim claim;
  claim.owner = {container, "eth0", "net", "/run/netns/" + container, "ns/" + container};
  claim.sets = {set("10.0.0.0/28"), set("fd00::/124")};
  return claim;
}

Store open_store(const std::string& directory, const std::string& boot = "boot-1") {
  return Store(directory, {.cooling = std::chrono::milliseconds(0), .boot_id = boot});
}

std::string text_of(const base::Result<std::vector<Record>>& records) {
  if (!records.ok()) {
    return records.error().text();
  }
  std::string text;
  for (const Record& record : *records) {
    text += (text.empty() ? "" : " ") + record.address.to_string();
  }
  return text;
}

// Runs `work` in a child that dies before its `nth` system call; false when it ended before that.
bool killed_at(int nth, const std::function<void()>& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    ::raise(SIGSTOP);
    work();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ::ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
  int stops = 0;  // each call stops twice, on its way in and out
  while (true) {
    if (stops == 2 * nth - 1) {
      ::kill(child, SIGKILL);
      ::waitpid(child, &status, 0);
      return true;
    }
    ::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr);
    ::waitpid(child, &status, 0);
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
      EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "status " << status;
      return false;
    }
    stops += WIFSTOPPED(status) && WSTOPSIG(status) == (SIGTRAP | 0x80) ? 1 : 0;
  }
}

class IpamKill : public testing::Test {
 protected:
  // Kills `work` at each of its calls in turn, each time in a fresh copy of what `prepare` made,
  // and has `check` look at what is left.
  void at_every_call(const std::function<void(const std::string&)>& prepare,
                     const std::function<void(const std::string&)>& work,
                     const std::function<void(Store&, const std::string&)>& check,
                     const std::string& boot = "boot-1") {
    const std::string original = dir_.path() + "/original";
    const std::string copy = dir_.path() + "/copy";
    std::filesystem::create_directory(original);
    prepare(original + "/state");
    int nth = 1;
    for (bool killed = true; killed; ++nth) {
      ASSERT_LT(nth, 1000);
      std::filesystem::remove_all(copy);
      std::filesystem::copy(original, copy, std::filesystem::copy_options::recursive);
      killed = killed_at(nth, [&] { work(copy + "/state"); });
      Store store = open_store(copy + "/state", boot);
      check(store, "killed at call " + std::to_string(nth));
      // A kill tears no line: what is written is in the page cache, whole.
      EXPECT_THAT(store.take_notices(), Each(HasSubstr("was not finished"))) << nth;
      if (HasFailure()) {
        return;
      }
    }
    EXPECT_GT(nth, 10) << "nothing was tested";
  }

  static void two_pods(const std::string& directory) {
    Store store = open_store(directory);
    ASSERT_TRUE(store.claim(claim_of("a"), {}).ok());
    ASSERT_TRUE(store.claim(claim_of("b"), {}).ok());
  }
  // New pods get what is free, each of them another address.
  static void expect_sound(Store& store, const std::string& what) {
    EXPECT_EQ(text_of(store.find("a", "eth0")), "10.0.0.1 fd00::1") << what;
    std::set<std::string> seen;
    for (const Record& record : store.list().value()) {
      if (record.state == ipam::State::kBound) {
        EXPECT_TRUE(seen.insert(record.address.to_string()).second);
      }
    }
    for (const char* name : {"n1", "n2", "n3"}) {
      const auto records = store.claim(claim_of(name), {});
      ASSERT_TRUE(records.ok()) << what;
      for (const Record& record : *records) {
        EXPECT_TRUE(seen.insert(record.address.to_string()).second) << what;
      }
    }
  }

  static ipam::CloudChange end_of_intent() {
    ipam::CloudChange change;
    ipam::Eni eni;
    eni.id = "eni-1";
    eni.address = base::IpAddress::parse("10.1.0.1").value();
    change.put_enis = {eni};
    change.put_addresses = {{eni.address, eni.id}, {eni.address.plus(1), eni.id}};
    change.drop_intents = {"t-1"};
    return change;
  }

  test::TempDir dir_;
};

TEST_F(IpamKill, Claim) {
  at_every_call(
      two_pods,
      [](const std::string& directory) { (void)open_store(directory).claim(claim_of("c"), {}); },
      [](Store& store, const std::string& what) {
        EXPECT_THAT(text_of(store.find("c", "eth0")), AnyOf(Eq(""), Eq("10.0.0.3 fd00::3")))
            << what;
        EXPECT_EQ(text_of(store.claim(claim_of("c"), {})), "10.0.0.3 fd00::3") << what;
        expect_sound(store, what);
      });
}

TEST_F(IpamKill, FirstClaimOfAll) {
  at_every_call(
      [](const std::string&) {},
      [](const std::string& directory) { (void)open_store(directory).claim(claim_of("a"), {}); },
      [](Store& store, const std::string& what) {
        EXPECT_THAT(text_of(store.find("a", "eth0")), AnyOf(Eq(""), Eq("10.0.0.1 fd00::1")))
            << what;
        EXPECT_EQ(text_of(store.claim(claim_of("a"), {})), "10.0.0.1 fd00::1") << what;
        expect_sound(store, what);
      });
}

TEST_F(IpamKill, Release) {
  at_every_call(
      two_pods,
      [](const std::string& directory) { (void)open_store(directory).release("b", "eth0"); },
      [](Store& store, const std::string& what) {
        EXPECT_THAT(text_of(store.find("b", "eth0")), AnyOf(Eq(""), Eq("10.0.0.2 fd00::2")))
            << what;
        EXPECT_TRUE(store.release("b", "eth0").ok()) << what;
        EXPECT_EQ(text_of(store.find("b", "eth0")), "") << what;
        expect_sound(store, what);
      });
}

// The end of a cloud call: its intent goes, the ENI and its addresses come, all or nothing.
TEST_F(IpamKill, EndOfAnIntent) {
  at_every_call(
      [](const std::string& directory) {
        two_pods(directory);
        ipam::Intent intent;
        intent.key = "t-1";
        ASSERT_TRUE(open_store(directory).change({.put_intents = {intent}}).ok());
      },
      [](const std::string& directory) { (void)open_store(directory).change(end_of_intent()); },
      [](Store& store, const std::string& what) {
        for (const bool again : {false, true}) {
          const ipam::CloudRecords cloud = store.cloud().value();
          const bool done = cloud.intents.empty();
          EXPECT_TRUE(done || !again) << what;
          EXPECT_EQ(cloud.enis.size(), done ? 1U : 0U) << what;
          EXPECT_EQ(store.list().value().size(), done ? 6U : 4U) << what;
          ASSERT_TRUE(store.change(end_of_intent()).ok()) << what;
        }
        expect_sound(store, what);
      });
}

TEST_F(IpamKill, RebuildOfTheIndex) {
  at_every_call(
      [](const std::string& directory) {
        two_pods(directory);
        std::filesystem::remove(directory + "/index.v1");
      },
      [](const std::string& directory) { (void)open_store(directory).find("a", "eth0"); },
      [](Store& store, const std::string& what) {
        EXPECT_EQ(text_of(store.find("b", "eth0")), "10.0.0.2 fd00::2") << what;
        expect_sound(store, what);
      });
}

TEST_F(IpamKill, FirstTransactionOfABoot) {
  at_every_call(
      [](const std::string& directory) {
        two_pods(directory);
        ASSERT_TRUE(open_store(directory).claim(claim_of("c"), {}).ok());
        ASSERT_TRUE(open_store(directory).release("c", "eth0").ok());
      },
      [](const std::string& directory) {
        (void)open_store(directory, "boot-2").claim(claim_of("d"), {});
      },
      [](Store& store, const std::string& what) {
        EXPECT_EQ(text_of(store.find("a", "eth0")), "") << what;
        EXPECT_EQ(text_of(store.claim(claim_of("d"), {})), "10.0.0.4 fd00::4") << what;
        EXPECT_EQ(store.list().value().size(), 8U) << what;
      },
      "boot-2");
}

TEST_F(IpamKill, RewriteOfALongJournal) {
  at_every_call(
      [](const std::string& directory) {
        two_pods(directory);
        std::ifstream in(directory + "/journal");
        std::uint64_t number = 0;
        for (std::string line; std::getline(in, line);) {
          ++number;
        }
        std::ofstream out(directory + "/journal", std::ios::app);
        for (int i = 0; i < 4200; ++i) {
          out << ipam::to_line("{\"n\":" + std::to_string(number++) +
                               R"(,"set":[{"kind":"eni","key":"e"}]})");
        }
        out.close();
        ASSERT_TRUE(open_store(directory).find("a", "eth0").ok());
      },
      [](const std::string& directory) {
        (void)open_store(directory).claim(claim_of("c"), {});
        std::ifstream in(directory + "/journal", std::ios::ate);
        ::_exit(in.tellg() < 10'000 ? 0 : 1);
      },
      [](Store& store, const std::string& what) {
        EXPECT_EQ(text_of(store.claim(claim_of("c"), {})), "10.0.0.3 fd00::3") << what;
        expect_sound(store, what);
      });
}

TEST_F(IpamKill, MendingOfADamagedJournal) {
  const auto damage = [](const std::string& directory) {
    two_pods(directory);
    std::filesystem::resize_file(directory + "/journal", 200);
  };
  const std::string original = dir_.path() + "/original";
  const std::string copy = dir_.path() + "/copy";
  std::filesystem::create_directory(original);
  damage(original + "/state");
  int nth = 1;
  for (bool killed = true; killed; ++nth) {
    std::filesystem::remove_all(copy);
    std::filesystem::copy(original, copy, std::filesystem::copy_options::recursive);
    killed = killed_at(nth, [&] { (void)open_store(copy + "/state").find("a", "eth0"); });
    Store store = open_store(copy + "/state");
    EXPECT_EQ(text_of(store.find("b", "eth0")), "10.0.0.2 fd00::2") << nth;
    EXPECT_TRUE(std::filesystem::exists(copy + "/state/journal.damaged-1")) << nth;
    expect_sound(store, "killed at call " + std::to_string(nth));
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GT(nth, 10);
}

}  // namespace
}  // namespace catena::crash
