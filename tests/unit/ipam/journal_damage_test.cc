// What happens to the journal on disk, and what the store makes of it.
#include <unistd.h>

#include "common/ipam/journal.h"
#include "tests/unit/ipam/store_fixture.h"

namespace catena::ipam {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kRange = "10.0.0.0/28";

// A store with owners a to e, of whom b and d are gone again, and its files as they then are.
class JournalDamageTest : public StoreTest {
 protected:
  void SetUp() override {
    for (const char* name : {"a", "b", "c", "d", "e"}) {
      node_.claim(name, kRange);
    }
    node_.release("b");
    node_.release("d");
    node_.claim("f", kRange);
    pass(seconds(60));
    journal_ = content_of(path("journal"));
    index_ = content_of(path("index.v1"));
  }

  void restore(const std::string& journal, bool with_index) {
    std::filesystem::remove_all(path());
    std::filesystem::create_directory(path());
    put(path("journal"), journal);
    if (with_index) {
      put(path("index.v1"), index_);
    }
  }

  // The kernel as it is: it has the addresses of the pods that run.
  void let_kernel_know() { node_.kernel = {"10.0.0.1", "10.0.0.3", "10.0.0.5", "10.0.0.6"}; }

  // Claims until nothing is left; no address may come twice nor be one of a running pod.
  void expect_no_double(const std::string& what) {
    std::set<std::string> seen;
    for (const auto& [owner, address] : owners_) {
      if (node_.find(owner) == address) {
        seen.insert(address);
      }
    }
    for (int i = 0; i < 20; ++i) {
      const auto got = node_.try_claim("new" + std::to_string(i), {{range(kRange)}});
      if (!got.ok()) {
        EXPECT_THAT(got.error().message(), HasSubstr("no address left")) << what;
        break;
      }
      const std::string address = text_of(*got);
      EXPECT_TRUE(seen.insert(address).second) << what << ": " << address << " twice";
      EXPECT_FALSE(node_.kernel.contains(address)) << what << ": " << address << " is in use";
    }
  }
  std::size_t kept(const std::string& stem) const {
    std::size_t count = 0;
    for (const auto& file : std::filesystem::directory_iterator(path())) {
      count += file.path().filename().string().starts_with(stem) ? 1U : 0U;
    }
    return count;
  }

  const std::vector<std::pair<std::string, std::string>> owners_{
      {"a", "10.0.0.1"}, {"c", "10.0.0.3"}, {"e", "10.0.0.5"}, {"f", "10.0.0.6"}};
  std::string journal_;
  std::string index_;
};

TEST_F(JournalDamageTest, ATornLastLineIsCutOffAndReported) {
  const std::string torn = R"(12345678 {"n":99,"set":[{"kind":"addr)";
  put(path("journal"), journal_ + torn);
  EXPECT_EQ(node_.find("a"), "10.0.0.1");
  EXPECT_EQ(content_of(path("journal")), journal_);
  EXPECT_EQ(content_of(path("journal.torn-1")), torn);
  const auto notices = node_.store().take_notices();
  ASSERT_THAT(notices, SizeIs(1));
  EXPECT_THAT(notices[0],
              HasSubstr("was not finished; cut off, kept as " + path("journal.torn-1")));
  EXPECT_THAT(node_.store().take_notices(), IsEmpty());
  EXPECT_EQ(node_.claim("g", kRange), "10.0.0.7");
}

TEST_F(JournalDamageTest, ATransactionTheIndexMissedIsMadeUp) {
  EXPECT_EQ(node_.claim("g", kRange), "10.0.0.7");
  EXPECT_EQ(node_.release("a"), "10.0.0.1");
  put(path("index.v1"), index_);  // as if both were killed between journal and index
  EXPECT_EQ(node_.find("g"), "10.0.0.7");
  EXPECT_EQ(node_.find("a"), "");
  EXPECT_EQ(node_.claim("h", kRange), "10.0.0.8");
  EXPECT_THAT(node_.store().take_notices(), IsEmpty());
}

TEST_F(JournalDamageTest, CutAtAnyByteWithTheIndexNothingIsLost) {
  for (std::size_t size = 0; size < journal_.size(); ++size) {
    const std::string what = "cut at " + std::to_string(size);
    restore(journal_.substr(0, size), true);
    for (const auto& [owner, address] : owners_) {
      ASSERT_EQ(node_.find(owner), address) << what;
    }
    ASSERT_THAT(node_.store().take_notices(), SizeIs(1)) << what;
    ASSERT_EQ(kept("journal.damaged-"), 1U) << what;
    std::filesystem::remove(path("index.v1"));
    for (const auto& [owner, address] : owners_) {
      ASSERT_EQ(node_.find(owner), address) << what << ", in the new journal";
    }
    ASSERT_EQ(node_.claim("g", kRange), "10.0.0.7") << what;
    if (size % 16 == 0) {
      expect_no_double(what);
    }
    ASSERT_THAT(node_.store().take_notices(), IsEmpty()) << what;
  }
}

TEST_F(JournalDamageTest, AMissingJournalIsMadeFromTheIndex) {
  std::filesystem::remove(path("journal"));
  EXPECT_EQ(node_.find("c"), "10.0.0.3");
  EXPECT_THAT(node_.store().take_notices(), testing::ElementsAre(HasSubstr("was missing")));
  std::filesystem::remove(path("index.v1"));
  EXPECT_EQ(node_.find("c"), "10.0.0.3");
  expect_no_double("missing");
}

TEST_F(JournalDamageTest, CutAtAnyByteWithoutTheIndexTheGoodPartIsUsed) {
  std::vector<std::size_t> ends;  // of the lines
  for (std::size_t end = journal_.find('\n'); end != std::string::npos;
       end = journal_.find('\n', end + 1)) {
    ends.push_back(end + 1);
  }
  ASSERT_EQ(ends.size(), 10U) << "header, boot, five claims, two releases, a claim";
  let_kernel_know();
  for (std::size_t size = 0; size < journal_.size(); ++size) {
    const std::string what = "cut at " + std::to_string(size);
    restore(journal_.substr(0, size), false);
    if (size >= ends[2]) {
      ASSERT_EQ(node_.find("a"), "10.0.0.1") << what;
    }
    if (size >= ends[4]) {
      ASSERT_EQ(node_.find("c"), "10.0.0.3") << what;
    }
    if (size >= ends[6]) {
      ASSERT_EQ(node_.find("e"), "10.0.0.5") << what;
    }
    ASSERT_THAT(node_.release("nobody"), IsEmpty()) << what;
    if (size % 8 == 0) {
      expect_no_double(what);
    }
    const bool at_line = std::ranges::find(ends, size) != ends.end();
    ASSERT_THAT(node_.store().take_notices(), SizeIs(at_line ? 0 : 1)) << what;
    ASSERT_EQ(kept("journal.torn-") + kept("journal.damaged-"), at_line ? 0U : 1U) << what;
  }
}

TEST_F(JournalDamageTest, AnyByteFlippedWithTheIndexNothingIsLost) {
  for (std::size_t i = 0; i < journal_.size(); ++i) {
    for (const unsigned bit : {1U, 1U << (i % 8)}) {
      const std::string what = "byte " + std::to_string(i);
      std::string bad = journal_;
      bad[i] = static_cast<char>(static_cast<unsigned char>(bad[i]) ^ bit);
      restore(bad, true);
      for (const auto& [owner, address] : owners_) {
        ASSERT_EQ(node_.find(owner), address) << what;
      }
      ASSERT_EQ(node_.claim("g", kRange), "10.0.0.7") << what;
      if (i % 64 == 0) {
        expect_no_double(what);
      }
    }
  }
}

TEST_F(JournalDamageTest, AnyByteFlippedWithoutTheIndexOtherLinesStayTrue) {
  let_kernel_know();
  for (std::size_t i = 0; i < journal_.size(); ++i) {
    const std::string what = "byte " + std::to_string(i);
    std::string bad = journal_;
    bad[i] = static_cast<char>(static_cast<unsigned char>(bad[i]) ^ (1U << (i % 8)));
    restore(bad, false);
    // A flipped newline spoils two lines, which may be two claims.
    std::size_t lost = 0;
    for (const auto& [owner, address] : owners_) {
      const std::string found = node_.find(owner);
      ASSERT_TRUE(found == address || found.empty()) << what;
      lost += found.empty() ? 1U : 0U;
    }
    ASSERT_LE(lost, journal_[i] == '\n' ? 2U : 1U) << what;
    ASSERT_THAT(node_.store().take_notices(), SizeIs(1)) << what;
    ASSERT_EQ(kept("journal.torn-") + kept("journal.damaged-"), 1U) << what;
    if (i % 8 == 0) {
      expect_no_double(what);
    }
    for (const auto& [owner, address] : owners_) {
      ASSERT_THAT(node_.release(owner), testing::AnyOf(address, "")) << what;
    }
  }
}

TEST_F(JournalDamageTest, AMissingLineInTheMiddleIsNoticed) {
  const std::size_t second = journal_.find('\n', journal_.find('\n') + 1) + 1;
  const std::size_t third = journal_.find('\n', second) + 1;
  restore(journal_.substr(0, second) + journal_.substr(third), false);
  EXPECT_EQ(node_.find("a"), "") << "its line is the one that is gone";
  EXPECT_EQ(node_.find("c"), "10.0.0.3");
  const auto notices = node_.store().take_notices();
  ASSERT_THAT(notices, SizeIs(1));
  EXPECT_THAT(notices[0], HasSubstr("transactions 2 to 2 are missing"));
}

TEST_F(JournalDamageTest, ALineThatComesTwiceIsNoticed) {
  const std::size_t last = journal_.rfind('\n', journal_.size() - 2) + 1;
  restore(journal_ + journal_.substr(last), true);
  EXPECT_EQ(node_.find("f"), "10.0.0.6");
  EXPECT_THAT(node_.store().take_notices(), testing::ElementsAre(HasSubstr("comes again")));
}

TEST_F(JournalDamageTest, GarbageInsteadOfAJournalIsKeptAside) {
  for (const std::string& garbage : {std::string(5000, '\0'), std::string("hello\nworld\n"),
                                     std::string("\n\n\n"), to_line("{\"n\":0}"), to_line("[]")}) {
    restore(garbage, false);
    EXPECT_EQ(node_.claim("z", kRange), "10.0.0.1");
    EXPECT_THAT(node_.store().take_notices(), SizeIs(1));
    EXPECT_EQ(content_of(path("journal.damaged-1")), garbage);
    EXPECT_EQ(node_.find("z"), "10.0.0.1");
    EXPECT_THAT(node_.store().take_notices(), IsEmpty());
  }
}

TEST_F(JournalDamageTest, OnlyTheNewestCopiesAreKept) {
  for (int i = 1; i <= 12; ++i) {
    put(path("journal"), content_of(path("journal")) + "torn " + std::to_string(i));
    EXPECT_EQ(node_.find("a"), "10.0.0.1");
  }
  EXPECT_EQ(kept("journal.torn-"), 8U);
  EXPECT_EQ(content_of(path("journal.torn-12")), "torn 12");
}

}  // namespace
}  // namespace catena::ipam
