// Whatever becomes of the index, the journal has it all.
#include <algorithm>
#include <cstring>

#include "common/base/hash.h"
#include "common/ipam/index_layout.h"
#include "common/ipam/journal.h"
#include "tests/unit/ipam/store_fixture.h"

namespace catena::ipam {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kRange = "10.0.0.0/29";

class IndexDamageTest : public StoreTest {
 protected:
  void SetUp() override {
    for (const char* name : {"a", "b", "c", "d", "e"}) {
      node_.claim(name, kRange);
    }
    node_.release("b");
    node_.release("d");
    pass(seconds(60));
    journal_ = content_of(path("journal"));
    index_ = content_of(path("index.v1"));
  }
  void restore(const std::string& index) {
    put(path("journal"), journal_);
    put(path("index.v1"), index);
  }
  // Every owner is found, and the free addresses go to one pod each in the order they have to.
  void expect_all_right(const std::string& what) {
    EXPECT_EQ(node_.find("a"), "10.0.0.1") << what;
    EXPECT_EQ(node_.find("b"), "") << what;
    EXPECT_EQ(node_.claim("f", kRange), "10.0.0.6") << what;
    EXPECT_EQ(node_.claim("c", kRange), "10.0.0.3") << what;
    EXPECT_EQ(node_.claim("g", kRange), "10.0.0.2") << what;
    EXPECT_EQ(node_.release("e"), "10.0.0.5") << what;
    EXPECT_EQ(node_.claim("h", kRange), "10.0.0.4") << what;
    EXPECT_THAT(node_.claim("i", kRange), HasSubstr("5 bound, 1 cooling")) << what;
  }

  std::string journal_;
  std::string index_;
};

TEST_F(IndexDamageTest, ItMayBeDeletedAtAnyTime) {
  restore(index_);
  std::filesystem::remove(path("index.v1"));
  expect_all_right("deleted");
  EXPECT_THAT(node_.store().take_notices(), IsEmpty());
}

TEST_F(IndexDamageTest, ZeroedOrFilledWithAnything) {
  for (const char fill : {'\0', '\xff', 'x'}) {
    restore(std::string(index_.size(), fill));
    expect_all_right("filled");
    EXPECT_THAT(node_.store().take_notices(), testing::ElementsAre(HasSubstr("from the journal")));
  }
  restore(index_.substr(0, kBlockSize) + std::string(index_.size() - kBlockSize, '\0'));
  expect_all_right("all but the header zeroed");
}

TEST_F(IndexDamageTest, AnyByteFlipped) {
  ASSERT_LT(index_.size(), 40'000U);
  for (std::size_t i = 0; i < index_.size(); ++i) {
    // Slots nobody used are all alike: a few bytes of them will do.
    const bool unused = i > 12 * kBlockSize && i % 97 != 0;
    if (unused) {
      continue;
    }
    std::string bad = index_;
    bad[i] = static_cast<char>(static_cast<unsigned char>(bad[i]) ^ (1U << (i % 8)));
    restore(bad);
    expect_all_right("byte " + std::to_string(i));
    if (HasFailure()) {
      break;
    }
  }
}

TEST_F(IndexDamageTest, AnyBlockZeroedOrTakenFromElsewhere) {
  const std::size_t blocks = index_.size() / kBlockSize;
  for (std::size_t to = 0; to < blocks; ++to) {
    for (std::size_t from = 0; from <= blocks; from += from < 12 ? 1 : 7) {
      std::string bad = index_;
      bad.replace(to * kBlockSize, kBlockSize,
                  from == blocks ? std::string(kBlockSize, '\0')
                                 : index_.substr(from * kBlockSize, kBlockSize));
      restore(bad);
      expect_all_right("block " + std::to_string(from) + " at " + std::to_string(to));
      if (HasFailure()) {
        return;
      }
    }
  }
}

TEST_F(IndexDamageTest, TruncatedAtAnyByte) {
  for (std::size_t size = 0; size < index_.size(); size += size < 2 * kBlockSize ? 1 : 61) {
    restore(index_.substr(0, size));
    expect_all_right("size " + std::to_string(size));
    if (HasFailure()) {
      break;
    }
  }
}

TEST_F(IndexDamageTest, DamageThatOnlyARewriteMeetsIsMendedByTheNext) {
  const std::size_t lines = static_cast<std::size_t>(std::ranges::count(journal_, '\n'));
  for (std::size_t i = 0; i < 4200; ++i) {
    journal_ +=
        to_line("{\"n\":" + std::to_string(lines + i) + R"(,"set":[{"kind":"eni","key":"e"}]})");
  }
  restore(index_);
  ASSERT_EQ(node_.find("a"), "10.0.0.1");
  // The slot of "eni e" is the last one; no claim looks at it.
  std::string bad = content_of(path("index.v1"));
  const std::size_t place = bad.rfind("eni\ne");
  ASSERT_NE(place, std::string::npos);
  bad[place] = 'x';
  put(path("index.v1"), bad);
  EXPECT_EQ(node_.claim("f", kRange), "10.0.0.6");
  EXPECT_THAT(node_.store().take_notices(),
              testing::ElementsAre(HasSubstr("the journal can't be rewritten")));
  EXPECT_GT(content_of(path("journal")).size(), 100'000U);
  EXPECT_EQ(node_.find("f"), "10.0.0.6");
  EXPECT_EQ(node_.release("f"), "10.0.0.6");
  EXPECT_LT(content_of(path("journal")).size(), 10'000U);
  EXPECT_THAT(node_.store().take_notices(), IsEmpty());
}

TEST_F(IndexDamageTest, AskingAgainWritesNothing) {
  restore(index_);
  EXPECT_EQ(node_.store().available({range(kRange)}).value(), 3U);
  const auto time = std::filesystem::last_write_time(path("index.v1"));
  std::filesystem::last_write_time(path("index.v1"), time - std::chrono::hours(1));
  EXPECT_EQ(node_.find("a"), "10.0.0.1");
  EXPECT_EQ(node_.store().available({range(kRange)}).value(), 3U);
  EXPECT_EQ(node_.claim("a", kRange), "10.0.0.1");
  EXPECT_EQ(node_.release("nobody"), "");
  EXPECT_EQ(std::filesystem::last_write_time(path("index.v1")), time - std::chrono::hours(1));
}

TEST_F(IndexDamageTest, OfAnotherStore) {
  Node other(dir_.path() + "/other", clock_);
  other.claim("x", kRange);
  restore(content_of(other.directory() + "/index.v1"));
  expect_all_right("foreign");
}

TEST_F(IndexDamageTest, FromBeforeARewriteOfTheJournal) {
  Node next(path(), clock_, "boot-2");
  next.claim("a", kRange);
  Node back(path(), clock_, "boot-1");
  put(path("index.v1"), index_);
  EXPECT_EQ(back.find("c"), "") << "freed by the boot";
}

// The file of a process that was killed after it had written the blocks before `block`.
std::string half_written(const std::string& before, const std::string& after, std::size_t block) {
  std::string half = after.substr(0, block * kBlockSize) + before.substr(block * kBlockSize);
  HeaderBlock header{};
  std::memcpy(&header, half.data(), sizeof header);
  header.dirty = 1;
  const std::uint32_t number = 0;
  std::memcpy(half.data(), &header, sizeof header);
  header.crc = base::crc32c(half.data() + 4, kBlockSize - 4, base::crc32c(&number, sizeof number));
  std::memcpy(half.data(), &header, sizeof header);
  return half;
}

TEST_F(IndexDamageTest, HalfWrittenByAKilledProcess) {
  restore(index_);
  ASSERT_EQ(node_.claim("f", kRange), "10.0.0.6");
  ASSERT_EQ(node_.release("c"), "10.0.0.3");
  const std::string later = content_of(path("index.v1"));
  const std::string later_journal = content_of(path("journal"));
  ASSERT_EQ(later.size(), index_.size());
  for (std::size_t block = 1; block <= later.size() / kBlockSize; ++block) {
    put(path("journal"), later_journal);
    put(path("index.v1"), half_written(index_, later, block));
    ASSERT_EQ(node_.find("f"), "10.0.0.6");
    ASSERT_EQ(node_.find("c"), "");
    ASSERT_EQ(node_.claim("g", kRange), "10.0.0.2");
    ASSERT_EQ(node_.claim("h", kRange), "10.0.0.4");
    ASSERT_EQ(node_.release("f"), "10.0.0.6");
    ASSERT_THAT(node_.store().take_notices(), IsEmpty()) << "nothing to tell anybody";
  }
}

}  // namespace
}  // namespace catena::ipam
