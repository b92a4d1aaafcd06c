#include "common/base/hash.h"

#include <bitset>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace catena::base {
namespace {

std::uint32_t crc_of(std::string_view text, std::uint32_t crc = 0) {
  return crc32c(text.data(), text.size(), crc);
}

// RFC 3720, appendix B.4.
TEST(Crc32c, VectorsOfTheRfc) {
  EXPECT_EQ(crc_of(std::string(32, '\0')), 0x8a9136aaU);
  EXPECT_EQ(crc_of(std::string(32, '\xff')), 0x62a8ab43U);
  std::string rising;
  for (char byte = 0; byte < 32; ++byte) {
    rising.push_back(byte);
  }
  EXPECT_EQ(crc_of(rising), 0x46dd794eU);
}

TEST(Crc32c, CheckValueAndNothing) {
  EXPECT_EQ(crc_of("123456789"), 0xe3069283U);
  EXPECT_EQ(crc_of(""), 0U);
}

TEST(Crc32c, GoesOnWhereAnEarlierOneEnded) {
  EXPECT_EQ(crc_of("56789", crc_of("1234")), crc_of("123456789"));
}

TEST(Crc32c, EveryFlippedBitIsSeen) {
  const std::string text = "address 10.0.0.5 BOUND";
  for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
    std::string flipped = text;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_NE(crc_of(flipped), crc_of(text)) << bit;
  }
}

// Names of links are made from it: another value would orphan the links of an earlier release.
// FNV-1a of "" and "a" is 0xcbf29ce484222325 and 0xaf63dc4c8601ec8c; these are mixed by fmix64.
TEST(Hash64, StaysTheSameForever) {
  EXPECT_EQ(hash64(""), 0xefd01f60ba992926U);
  EXPECT_EQ(hash64("a"), 0x82a2a958a9bece5bU);
}

TEST(Hash64, SeedsAndInputsDiffer) {
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 10'000; ++i) {
    seen.insert(hash64("container-" + std::to_string(i)));
    seen.insert(hash64("container-" + std::to_string(i), 1));
  }
  EXPECT_EQ(seen.size(), 20'000U);
}

TEST(Hash64, OneCharacterChangesAboutHalfOfTheBits) {
  std::size_t changed = 0;
  for (int i = 0; i < 1'000; ++i) {
    const std::string text = std::to_string(i);
    changed += std::bitset<64>(hash64(text + "x") ^ hash64(text + "y")).count();
  }
  EXPECT_NEAR(static_cast<double>(changed) / 1'000, 32.0, 1.0);
}

}  // namespace
}  // namespace catena::base
