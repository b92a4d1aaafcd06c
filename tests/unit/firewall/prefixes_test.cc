#include "common/firewall/prefixes.h"

#include <gtest/gtest.h>

namespace catena::firewall {
namespace {

using base::Family;

std::vector<std::string> merge(const std::vector<std::string>& texts, Family family) {
  std::vector<base::Prefix> prefixes;
  prefixes.reserve(texts.size());
  for (const std::string& text : texts) {
    prefixes.push_back(base::Prefix::parse(text).value());
  }
  std::vector<std::string> found;
  for (const Interval& interval : merged(prefixes, family)) {
    found.push_back(interval.first.to_string() + "-" + interval.last.to_string());
  }
  return found;
}

using Texts = std::vector<std::string>;

TEST(Merged, NeighboursAndOverlapsBecomeOne) {
  EXPECT_EQ(merge({"10.0.1.0/24", "10.0.0.0/24", "10.0.2.0/23"}, Family::kIpv4),
            Texts{"10.0.0.0-10.0.3.255"});
  EXPECT_EQ(merge({"10.0.0.0/8", "10.5.0.0/16", "10.255.255.255/32"}, Family::kIpv4),
            Texts{"10.0.0.0-10.255.255.255"});
}

TEST(Merged, AGapOfOneAddressStays) {
  EXPECT_EQ(merge({"10.0.0.0/32", "10.0.0.2/32"}, Family::kIpv4),
            (Texts{"10.0.0.0-10.0.0.0", "10.0.0.2-10.0.0.2"}));
}

TEST(Merged, HostBitsDoNotCount) {
  EXPECT_EQ(merge({"10.1.2.3/8"}, Family::kIpv4), Texts{"10.0.0.0-10.255.255.255"});
}

TEST(Merged, FamiliesAreApart) {
  EXPECT_EQ(merge({"10.0.0.0/8", "fd00::/8"}, Family::kIpv6),
            Texts{"fd00::-fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"});
  EXPECT_EQ(merge({}, Family::kIpv4), Texts{});
}

TEST(Merged, BothEndsOfTheAddressSpaceStayApart) {
  EXPECT_EQ(merge({"255.255.255.255/32", "0.0.0.0/32"}, Family::kIpv4),
            (Texts{"0.0.0.0-0.0.0.0", "255.255.255.255-255.255.255.255"}));
  EXPECT_EQ(merge({"128.0.0.0/1", "0.0.0.0/1"}, Family::kIpv4), Texts{"0.0.0.0-255.255.255.255"});
  EXPECT_EQ(merge({"::/0", "ff00::/8"}, Family::kIpv6),
            Texts{"::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"});
}

TEST(ElementsOf, AnIntervalThatReachesTheLastAddressHasNoEnd) {
  const auto whole = elements_of(merged({base::Prefix()}, Family::kIpv4));
  ASSERT_EQ(whole.size(), 1U);
  EXPECT_EQ(whole[0].key, std::string(4, '\0'));
  EXPECT_FALSE(whole[0].end.has_value());
  const auto half = elements_of(merged({base::Prefix::parse("0.0.0.0/1").value()}, Family::kIpv4));
  EXPECT_EQ(half[0].end, std::string("\x80\0\0\0", 4));
}

}  // namespace
}  // namespace catena::firewall
