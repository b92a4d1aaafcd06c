// Several stores on one directory: processes, releases of Catena, boots.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "common/ipam/journal.h"
#include "common/ipam/record.h"
#include "tests/unit/ipam/store_fixture.h"

namespace catena::ipam {
namespace {

using base::ErrorKind;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;

class SharingTest : public StoreTest {
 protected:
  void append(const std::string& json) {
    std::ofstream(path("journal"), std::ios::app) << to_line(json);
  }
  std::uint64_t last_number() {
    std::uint64_t number = 0;
    const std::string journal = content_of(path("journal"));
    LineReader reader(journal, 0);
    while (const auto line = reader.next()) {
      const auto transaction = transaction_in(line->json);
      number = transaction.has_value() ? transaction->number : number;
    }
    return number;
  }
};

TEST_F(SharingTest, TwoStoresSeeEachOther) {
  Node other(path(), clock_);
  EXPECT_EQ(node_.claim("a", "10.0.0.0/29"), "10.0.0.1");
  EXPECT_EQ(other.claim("b", "10.0.0.0/29"), "10.0.0.2");
  EXPECT_EQ(other.find("a"), "10.0.0.1");
  EXPECT_EQ(other.release("a"), "10.0.0.1");
  EXPECT_EQ(node_.find("a"), "");
  EXPECT_EQ(node_.list(), other.list());
}

TEST_F(SharingTest, ThreadsExcludeEachOther) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      Node mine(path(), clock_);
      for (int i = 0; i < 25; ++i) {
        const std::string name = "t" + std::to_string(t) + "-" + std::to_string(i);
        EXPECT_THAT(mine.claim(name, "10.0.0.0/24"), HasSubstr("10.0.0."));
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  std::set<std::string> addresses;
  for (const Record& record : node_.store().list().value()) {
    addresses.insert(record.address.to_string());
  }
  EXPECT_EQ(addresses.size(), 100U);
  EXPECT_THAT(node_.store().take_notices(), IsEmpty());
}

TEST_F(SharingTest, FilesAreTheAdminsAlone) {
  node_.claim("a", "10.0.0.0/29");
  struct stat info {};
  ASSERT_EQ(::stat(path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0700U);
  for (const char* name : {"lock", "journal", "index.v1"}) {
    ASSERT_EQ(::stat(path(name).c_str(), &info), 0) << name;
    EXPECT_EQ(info.st_mode & 0777U, 0600U) << name;
  }
}

TEST_F(SharingTest, ALockHeldTooLongNamesItsHolder) {
  node_.claim("a", "10.0.0.0/29");
  const int fd = ::open(path("lock").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::flock(fd, LOCK_EX), 0);
  Store hasty(path(), Options{.lock_patience = std::chrono::milliseconds(50),
                              .clock = &clock_,
                              .boot_id = "boot-1"});
  const auto result = hasty.claim(Node::claim_of("b", {{range("10.0.0.0/29")}}), {});
  ASSERT_FALSE(result.ok());
  EXPECT_TRUE(result.error().is(ErrorKind::kTryAgain));
  EXPECT_THAT(result.error().message(), HasSubstr("pid " + std::to_string(::getpid())));
  const auto before = std::chrono::steady_clock::now();
  const auto count = node_.store().available({range("10.0.0.0/29")});
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(500));
  ASSERT_FALSE(count.ok()) << "available does not wait";
  EXPECT_TRUE(count.error().is(ErrorKind::kTryAgain));
  ::close(fd);
  EXPECT_EQ(node_.claim("b", "10.0.0.0/29"), "10.0.0.2");
}

TEST_F(SharingTest, ANewBootFreesEveryAddressAndKeepsTheOrder) {
  for (const char* name : {"a", "b", "c", "d"}) {
    node_.claim(name, "10.0.0.0/29");
  }
  node_.kernel = {"10.0.0.5"};
  node_.claim("e", "10.0.0.0/29");
  node_.release("c");
  clock_.boottime = seconds(5);  // it begins anew
  Node next(path(), clock_, "boot-2");
  EXPECT_EQ(next.find("a"), "");
  EXPECT_EQ(next.list(),
            "10.0.0.1 free a, 10.0.0.2 free b, 10.0.0.3 free c, 10.0.0.4 free d, 10.0.0.5 free , "
            "10.0.0.6 free e");
  EXPECT_EQ(next.store().available({range("10.0.0.0/29")}).value(), 6U);
  EXPECT_EQ(next.claim("n1", "10.0.0.0/29"), "10.0.0.3") << "was free before the boot";
  EXPECT_EQ(next.try_claim("n2", {{range("10.0.0.0/29")}}).value()[0].generation, 2U);
  EXPECT_EQ(next.release("a"), "") << "a late release of a pod of the earlier boot";
  EXPECT_THAT(next.store().take_notices(), IsEmpty());
}

TEST_F(SharingTest, WhatANewerReleaseWroteSurvives) {
  node_.claim("a", "10.0.0.0/29");
  append(
      R"({"n":)" + std::to_string(last_number() + 1) +
      R"(,"by":"agent","set":[{"kind":"eni","key":"eni-1","mac":"00:16:3e:00:00:01","n":1.5},)"
      R"({"kind":"address","key":"10.0.0.2","state":"bound","pool":"10.0.0.0/29",)"
      R"("generation":7,"container":"b","ifname":"eth0","eni":"eni-1","tags":[1,{"x":null}]}]})");
  EXPECT_EQ(node_.find("b"), "10.0.0.2");
  node_.release("b");
  const auto has_all = [&] {
    const std::string journal = content_of(path("journal"));
    return journal.find(R"("key":"eni-1","mac":"00:16:3e:00:00:01","n":1.5)") !=
               std::string::npos &&
           journal.find(R"("eni":"eni-1","tags":[1,{"x":null}])") != std::string::npos;
  };
  EXPECT_TRUE(has_all());
  Node next(path(), clock_, "boot-2");
  EXPECT_EQ(next.find("b"), "");
  EXPECT_TRUE(has_all()) << "after a rewrite";
  append(R"({"n":)" + std::to_string(last_number() + 1) +
         R"(,"drop":[{"kind":"eni","key":"eni-1"},{"kind":"address","key":"10.0.0.2"},)"
         R"({"kind":"eni","key":"unknown"}]})");
  EXPECT_EQ(next.list(), "10.0.0.1 free a");
  Node last(path(), clock_, "boot-3");
  EXPECT_EQ(last.list(), "10.0.0.1 free a");
  EXPECT_FALSE(has_all());
  EXPECT_THAT(last.store().take_notices(), IsEmpty());
}

TEST_F(SharingTest, AStateOfANewerReleaseIsNotHandedOut) {
  node_.claim("a", "10.0.0.0/30");
  append(R"({"n":)" + std::to_string(last_number() + 1) +
         R"(,"set":[{"kind":"address","key":"10.0.0.2","state":"lent","pool":"10.0.0.0/30"}]})");
  EXPECT_THAT(node_.claim("b", "10.0.0.0/30"), HasSubstr("no address left"));
  EXPECT_THAT(node_.store().list().value()[1].note, HasSubstr("'lent'"));
  append(R"({"n":)" + std::to_string(last_number() + 1) +
         R"(,"set":[{"kind":"address","key":"10.0.0.2","place":"of another shape"}]})");
  EXPECT_THAT(node_.claim("b", "10.0.0.0/30"), HasSubstr("no address left"));
  EXPECT_THAT(node_.claim("b", {{range("10.0.0.0/30")}}, {"10.0.0.2"}), HasSubstr("can't read"));
}

TEST_F(SharingTest, AFormatFromTheFutureIsRefusedUntouched) {
  node_.claim("a", "10.0.0.0/29");
  std::string journal = content_of(path("journal"));
  const std::string rest = journal.substr(journal.find('\n') + 1);
  journal = to_line(R"({"catena":"ipam","format":2,"store":"s","first":1})") + rest;
  put(path("journal"), journal);
  const std::string index = content_of(path("index.v1"));
  for (const char* boot : {"boot-1", "boot-2"}) {
    Node other(path(), clock_, boot);
    const auto result = other.try_claim("b", {{range("10.0.0.0/29")}});
    ASSERT_FALSE(result.ok());
    EXPECT_TRUE(result.error().is(ErrorKind::kUnsupported));
    EXPECT_THAT(result.error().message(), HasSubstr("format 2"));
    EXPECT_THAT(other.release("a"), HasSubstr("format 2"));
    EXPECT_FALSE(other.store().available({range("10.0.0.0/29")}).ok());
  }
  EXPECT_EQ(content_of(path("journal")), journal);
  EXPECT_EQ(content_of(path("index.v1")), index);
}

TEST_F(SharingTest, ALongJournalIsRewritten) {
  std::string json;
  node_.claim("a", "10.0.0.0/29");
  node_.claim("b", "10.0.0.0/29");
  node_.release("a");
  const std::uint64_t number = last_number();
  std::string lines;
  for (std::uint64_t i = 1; i <= 4096 + 4 * 10; ++i) {
    lines += to_line(R"({"n":)" + std::to_string(number + i) +
                     R"(,"set":[{"kind":"eni","key":"eni-1"}]})");
  }
  std::ofstream(path("journal"), std::ios::app) << lines;
  const std::string list = node_.list();
  EXPECT_GT(content_of(path("journal")).size(), 100'000U);
  EXPECT_EQ(node_.claim("c", "10.0.0.0/29"), "10.0.0.3");
  EXPECT_LT(content_of(path("journal")).size(), 2000U);
  EXPECT_EQ(node_.list(), list + ", 10.0.0.3 bound c");
  EXPECT_EQ(node_.release("c"), "10.0.0.3");
  std::filesystem::remove(path("index.v1"));
  EXPECT_EQ(node_.list(), list + ", 10.0.0.3 cooling c");
  EXPECT_THAT(node_.store().take_notices(), IsEmpty());
}

}  // namespace
}  // namespace catena::ipam
