#include "common/base/mac.h"

#include <gtest/gtest.h>

namespace catena::base {
namespace {

TEST(Mac, ReadsEitherCaseAndPrintsLowerCase) {
  EXPECT_EQ(Mac::parse("00:16:3E:02:38:05")->to_string(), "00:16:3e:02:38:05");
  EXPECT_EQ(Mac::parse("ff:ff:ff:ff:ff:ff")->to_string(), "ff:ff:ff:ff:ff:ff");
}

TEST(Mac, WhatIsNoMacIsRefused) {
  for (const char* text :
       {"", "00:16:3e:02:38", "00:16:3e:02:38:05:06", "00-16-3e-02-38-05", "0016.3e02.3805",
        "00:16:3e:02:38:0g", "00:16:3e:02:38:5", "00:16:3e:02:38:05 ", " 0:16:3e:02:38:05",
        "0x:16:3e:02:38:05", "-1:16:3e:02:38:05", "+1:16:3e:02:38:05",
        "00:16:3e:02:38:05:", "00:16:3e:02:380:5"}) {
    EXPECT_FALSE(Mac::parse(text).ok()) << text;
  }
  EXPECT_TRUE(Mac::parse("nonsense").error().is(ErrorKind::kUndecodable));
}

TEST(Mac, LocalOnesAreUnicastLocalAndStable) {
  for (const std::uint64_t seed :
       {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}, std::uint64_t{0x0123456789abcdef}}) {
    const Mac mac = Mac::local_from(seed);
    EXPECT_FALSE(mac.is_multicast());
    EXPECT_EQ(mac.bytes[0] & 0x02U, 0x02U);
    EXPECT_EQ(mac, Mac::local_from(seed));
  }
  EXPECT_NE(Mac::local_from(4), Mac::local_from(8));
}

TEST(Mac, MulticastAndZeroAreTold) {
  EXPECT_TRUE(Mac::parse("01:00:5e:00:00:01")->is_multicast());
  EXPECT_FALSE(Mac::parse("02:00:5e:00:00:01")->is_multicast());
  EXPECT_TRUE(Mac::parse("00:00:00:00:00:00")->is_zero());
}

}  // namespace
}  // namespace catena::base
