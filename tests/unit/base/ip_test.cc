#include "common/base/ip.h"

#include <limits>

#include <gtest/gtest.h>

namespace catena::base {
namespace {

IpAddress ip(std::string_view text) { return IpAddress::parse(text).value(); }
Prefix prefix(std::string_view text) { return Prefix::parse(text).value(); }

TEST(IpAddress, IsPrintedInItsOneForm) {
  const struct {
    std::string_view text;
    std::string_view printed;
  } cases[] = {
      {"10.0.0.5", "10.0.0.5"},
      {"0.0.0.0", "0.0.0.0"},
      {"255.255.255.255", "255.255.255.255"},
      {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
      {"2001:db8::1:0:0:1", "2001:db8::1:0:0:1"},
      {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
      {"::", "::"},
      {"::1", "::1"},
      {"fe80::0001", "fe80::1"},
      {"64:ff9b::10.0.0.5", "64:ff9b::a00:5"},
  };
  for (const auto& [text, printed] : cases) {
    ASSERT_TRUE(IpAddress::parse(text).ok()) << text;
    EXPECT_EQ(ip(text).to_string(), printed);
    EXPECT_EQ(ip(ip(text).to_string()), ip(text));
  }
}

TEST(IpAddress, WhatIsNoAddressIsRefused) {
  const std::string_view cases[] = {"",
                                    "10.0.0",
                                    "10.0.0.0.0",
                                    "10.0.0.256",
                                    "10.0.0.05",
                                    "010.0.0.5",
                                    "0x0a.0.0.5",
                                    "10.0.0.5 ",
                                    " 10.0.0.5",
                                    "10.0.0.5/24",
                                    "10.0.0.-1",
                                    "1",
                                    "fe80::1%eth0",
                                    "::ffff:10.0.0.5",
                                    "::ffff:a00:5",
                                    "1::2::3",
                                    "1:2:3:4:5:6:7:8:9",
                                    "12345::",
                                    "[::1]",
                                    "localhost",
                                    std::string_view("10.0.0.5\0", 9),
                                    std::string_view("10.0.0.5\0x", 10)};
  for (const std::string_view text : cases) {
    const Result<IpAddress> parsed = IpAddress::parse(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_TRUE(parsed.error().is(ErrorKind::kUndecodable));
  }
}

TEST(IpAddress, CountsOnAndWrapsRoundAtTheEndOfItsFamily) {
  const struct {
    std::string_view from;
    std::uint64_t step;
    std::string_view to;
  } cases[] = {
      {"10.0.0.255", 1, "10.0.1.0"},
      {"10.0.0.5", 0, "10.0.0.5"},
      {"255.255.255.255", 1, "0.0.0.0"},
      {"255.255.255.255", 256, "0.0.0.255"},
      {"0.0.0.1", std::uint64_t{1} << 32U, "0.0.0.1"},
      {"2001:db8::ffff:ffff", 1, "2001:db8::1:0:0"},
      {"2001:db8::ffff:ffff:ffff:ffff", 1, "2001:db8:0:1::"},
      {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 1, "::"},
      {"::1", std::numeric_limits<std::uint64_t>::max(), "0:0:0:1::"},
      {"::ff", std::numeric_limits<std::uint64_t>::max(), "::1:0:0:0:fe"},
  };
  for (const auto& [from, step, to] : cases) {
    EXPECT_EQ(ip(from).plus(step).to_string(), to) << from << " + " << step;
  }
}

TEST(IpAddress, CountsBack) {
  EXPECT_EQ(ip("10.0.1.0").minus_one(), ip("10.0.0.255"));
  EXPECT_EQ(ip("0.0.0.0").minus_one(), ip("255.255.255.255"));
  EXPECT_EQ(ip("2001:db8::").minus_one(), ip("2001:db7:ffff:ffff:ffff:ffff:ffff:ffff"));
}

TEST(IpAddress, KindsOfAddresses) {
  EXPECT_TRUE(ip("169.254.1.1").is_link_local());
  EXPECT_TRUE(ip("fe80::1").is_link_local());
  EXPECT_TRUE(ip("febf::1").is_link_local());
  EXPECT_FALSE(ip("fec0::1").is_link_local());
  EXPECT_FALSE(ip("10.0.0.1").is_link_local());
  EXPECT_TRUE(ip("127.9.9.9").is_loopback());
  EXPECT_TRUE(ip("::1").is_loopback());
  EXPECT_FALSE(ip("::").is_loopback());
  EXPECT_TRUE(ip("224.0.0.1").is_multicast());
  EXPECT_TRUE(ip("239.255.255.255").is_multicast());
  EXPECT_FALSE(ip("240.0.0.1").is_multicast());
  EXPECT_TRUE(ip("ff02::1").is_multicast());
  EXPECT_TRUE(ip("0.0.0.0").is_unspecified());
  EXPECT_TRUE(ip("::").is_unspecified());
}

TEST(IpAddress, SortsByFamilyThenByValue) {
  EXPECT_LT(ip("255.255.255.255"), ip("::"));
  EXPECT_LT(ip("9.0.0.0"), ip("10.0.0.0"));
  EXPECT_LT(ip("::1"), ip("::1:0"));
}

TEST(CountBetween, CountsBothEnds) {
  const struct {
    std::string_view first;
    std::string_view last;
    std::uint64_t count;
  } cases[] = {
      {"10.0.0.1", "10.0.0.1", 1},
      {"10.0.0.0", "10.0.0.255", 256},
      {"10.0.0.255", "10.0.1.0", 2},
      {"0.0.0.0", "255.255.255.255", std::uint64_t{1} << 32U},
      {"10.0.0.2", "10.0.0.1", 0},
      {"10.0.0.1", "::1", 0},
      {"::", "::ffff:ffff:ffff:fffe", std::numeric_limits<std::uint64_t>::max()},
      {"::", "::ffff:ffff:ffff:ffff", std::numeric_limits<std::uint64_t>::max()},
      {"::", "ffff::", std::numeric_limits<std::uint64_t>::max()},
      {"2001:db8:0:1::", "2001:db8:0:2::", std::numeric_limits<std::uint64_t>::max()},
      {"2001:db8:0:0:ffff:ffff:ffff:ffff", "2001:db8:0:1::", 2},
  };
  for (const auto& [first, last, count] : cases) {
    EXPECT_EQ(count_between(ip(first), ip(last)), count) << first << " to " << last;
  }
}

TEST(Prefix, KeepsHostBitsAndKnowsItsBlock) {
  const Prefix pod = prefix("10.1.0.5/16");
  EXPECT_EQ(pod.to_string(), "10.1.0.5/16");
  EXPECT_TRUE(pod.has_host_bits());
  EXPECT_EQ(pod.network(), ip("10.1.0.0"));
  EXPECT_EQ(pod.last(), ip("10.1.255.255"));
  EXPECT_EQ(prefix("0.0.0.0/0").last(), ip("255.255.255.255"));
  EXPECT_EQ(prefix("2001:db8::5/64").last(), ip("2001:db8::ffff:ffff:ffff:ffff"));
  EXPECT_EQ(prefix("10.0.0.9/31").network(), ip("10.0.0.8"));
  EXPECT_FALSE(prefix("10.0.0.9/32").has_host_bits());
}

TEST(Prefix, WhatIsNoPrefixIsRefused) {
  for (const std::string_view text :
       {"", "10.0.0.0", "10.0.0.0/", "/24", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/-0",
        "10.0.0.0/+8", "10.0.0.0/08", "10.0.0.0/ 8", "10.0.0.0/8 ", "10.0.0.0/8/8",
        "2001:db8::/129", "10.0.0/8", "10.0.0.0/255.0.0.0", "10.0.0.0/99999999999999999999",
        "::ffff:10.0.0.0/104"}) {
    const Result<Prefix> parsed = Prefix::parse(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_TRUE(parsed.error().is(ErrorKind::kUndecodable));
  }
}

TEST(Prefix, ABareAddressIsAHost) {
  EXPECT_EQ(Prefix::parse_or_host("10.0.0.5")->to_string(), "10.0.0.5/32");
  EXPECT_EQ(Prefix::parse_or_host("fd00::5")->to_string(), "fd00::5/128");
  EXPECT_EQ(Prefix::parse_or_host("10.0.0.5/24")->to_string(), "10.0.0.5/24");
  EXPECT_FALSE(Prefix::parse_or_host("10.0.0.5/").ok());
  EXPECT_FALSE(Prefix::parse_or_host("pod").ok());
}

TEST(Prefix, ContainsAndOverlaps) {
  EXPECT_TRUE(prefix("10.0.0.0/8").contains(ip("10.255.255.255")));
  EXPECT_FALSE(prefix("10.0.0.0/8").contains(ip("11.0.0.0")));
  EXPECT_FALSE(prefix("0.0.0.0/0").contains(ip("::1")));
  EXPECT_TRUE(prefix("10.0.0.0/8").overlaps(prefix("10.1.0.0/16")));
  EXPECT_TRUE(prefix("10.1.0.0/16").overlaps(prefix("10.0.0.0/8")));
  EXPECT_FALSE(prefix("10.0.0.0/16").overlaps(prefix("10.1.0.0/16")));
  EXPECT_FALSE(prefix("0.0.0.0/0").overlaps(prefix("::/0")));
}

}  // namespace
}  // namespace catena::base
