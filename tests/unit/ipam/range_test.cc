#include "common/ipam/range.h"

#include <gtest/gtest.h>

#include "tests/unit/ipam/store_fixture.h"

namespace catena::ipam {
namespace {

base::Prefix prefix(const std::string& text) { return base::Prefix::parse(text).value(); }

TEST(Range, WholeLeavesOutWhatNoHostHas) {
  const Range v4 = range("172.30.1.0/24");
  EXPECT_EQ(v4.first, ip("172.30.1.1"));
  EXPECT_EQ(v4.last, ip("172.30.1.254"));
  EXPECT_EQ(v4.size(), 254U);
  EXPECT_FALSE(v4.may_hand_out(ip("172.30.1.0")));
  EXPECT_FALSE(v4.may_hand_out(ip("172.30.1.255")));
  EXPECT_TRUE(v4.may_hand_out(ip("172.30.1.1")));
  const Range v6 = range("fd00::/126");
  EXPECT_EQ(v6.size(), 3U);
  EXPECT_TRUE(v6.may_hand_out(ip("fd00::3")));
  EXPECT_FALSE(v6.may_hand_out(ip("172.30.1.1")));
}

TEST(Range, SizeCountsEveryAddressOnce) {
  Range some = range("10.0.0.0/24");
  some.gateway = ip("10.0.0.1");
  EXPECT_EQ(some.size(), 253U);
  some.exclude = {prefix("10.0.0.0/30"), prefix("10.0.0.128/25")};
  EXPECT_EQ(some.size(), 124U) << "4..127; the gateway is excluded already";
  some.gateway = ip("10.0.0.200");
  EXPECT_EQ(some.size(), 124U);
  some.gateway = ip("10.0.1.7");
  EXPECT_EQ(some.size(), 124U) << "a gateway elsewhere";
  some.exclude = {prefix("10.0.0.0/24")};
  EXPECT_EQ(some.size(), 0U);
}

TEST(Range, SizeAgreesWithCountingOneByOne) {
  for (std::uint64_t gateway = 0; gateway < 34; ++gateway) {
    for (std::uint64_t excluded = 0; excluded < 32; excluded += 4) {
      Range some = range("10.0.0.0/27");
      some.first = ip("10.0.0.3");
      some.last = ip("10.0.0.28");
      some.gateway = ip("10.0.0.0").plus(gateway);
      some.exclude = {{ip("10.0.0.0").plus(excluded), 30}, prefix("10.0.0.30/31")};
      if (excluded == 28) {
        some.exclude.pop_back();
      }
      std::uint64_t count = 0;
      for (std::uint64_t i = 0; i < 40; ++i) {
        count += some.may_hand_out(ip("10.0.0.0").plus(i)) ? 1U : 0U;
      }
      EXPECT_EQ(some.size(), count) << gateway << " " << excluded;
    }
  }
}

TEST(Range, AHugeOneSaysMany) {
  EXPECT_EQ(range("fd00::/48").size(), UINT64_MAX);
  Range most = range("fd00::/48");
  most.exclude = {prefix("fd00::/49"), prefix("fd00:0:0:8000::/50"), prefix("fd00:0:0:c000::/51"),
                  prefix("fd00:0:0:e000::/52"), prefix("fd00:0:0:f000::/52")};
  EXPECT_EQ(most.size(), 0U);
}

TEST(Range, NextFromPassesWhatIsLeftOut) {
  Range some = range("10.0.0.0/28");
  some.gateway = ip("10.0.0.8");
  some.exclude = {prefix("10.0.0.4/30"), prefix("10.0.0.14/31")};
  EXPECT_EQ(some.next_from(ip("10.0.0.4")), ip("10.0.0.9"));
  EXPECT_EQ(some.next_from(ip("10.0.0.13")), ip("10.0.0.13"));
  EXPECT_EQ(some.next_from(ip("10.0.0.14")), std::nullopt);
  EXPECT_EQ(some.next_from(ip("10.0.0.15")), std::nullopt);
}

TEST(Range, KeyNamesTheSameRangeAlike) {
  EXPECT_EQ(range("172.30.1.0/24").key(), "172.30.1.0/24");
  Range part = range("172.30.1.0/24");
  part.first = ip("172.30.1.10");
  part.last = ip("172.30.1.20");
  EXPECT_EQ(part.key(), "172.30.1.0/24:172.30.1.10-172.30.1.20");
  EXPECT_EQ(range("fd00:1::/64").key(), "fd00:1::/64");
}

}  // namespace
}  // namespace catena::ipam
