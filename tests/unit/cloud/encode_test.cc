#include "common/cloud/encode.h"

#include <gtest/gtest.h>

namespace catena::cloud {
namespace {

TEST(PercentEncode, KeepsRfc3986UnreservedAlone) {
  EXPECT_EQ(percent_encode("AZaz09-_.~"), "AZaz09-_.~");
  EXPECT_EQ(percent_encode(" *'()!/+"), "%20%2A%27%28%29%21%2F%2B");
  EXPECT_EQ(percent_encode("中"), "%E4%B8%AD");
  EXPECT_EQ(percent_encode(std::string_view("\0\xff", 2)), "%00%FF");
}

TEST(CanonicalQuery, EncodesNamesAndValues) {
  EXPECT_EQ(canonical_query({{"test", " ~/*-+"}}), "test=%20~%2F%2A-%2B");
  EXPECT_EQ(canonical_query({}), "");
}

TEST(CanonicalQuery, SortsByTheBytesOfTheName) {
  EXPECT_EQ(canonical_query({{"X.2", "b"}, {"X.10", "j"}, {"x", ""}, {"X.1", "a"}}),
            "X.1=a&X.10=j&X.2=b&x=");
}

TEST(Hashes, AreThoseOfTheirStandards) {
  EXPECT_EQ(hex(sha256("test")),
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08");
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  // RFC 4231, test case 2.
  EXPECT_EQ(hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Base64, PadsToFours) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
}

}  // namespace
}  // namespace catena::cloud
