// ipBlocks as ranges of addresses.
#include "common/netpol/networks.h"

#include <gtest/gtest.h>

#include "tests/support/must.h"

namespace catena::netpol {
namespace {

using base::Family;

IpBlock block(const std::string& cidr, const std::vector<std::string>& except = {}) {
  IpBlock made;
  made.cidr = test::must(base::Prefix::parse(cidr));
  for (const std::string& text : except) {
    made.except.push_back(test::must(base::Prefix::parse(text)));
  }
  return made;
}

std::string text_of(const std::vector<IpBlock>& blocks, Family family = Family::kIpv4) {
  std::string text;
  for (const AddressRange& range : ranges_of(blocks, family)) {
    text += range.first.to_string() + "-" + range.last.to_string() + " ";
  }
  return text;
}

TEST(Networks, AnExceptionCutsABlock) {
  EXPECT_EQ(text_of({block("10.0.0.0/8")}), "10.0.0.0-10.255.255.255 ");
  EXPECT_EQ(text_of({block("10.0.0.0/8", {"10.1.0.0/16"})}),
            "10.0.0.0-10.0.255.255 10.2.0.0-10.255.255.255 ");
  EXPECT_EQ(text_of({block("10.0.0.0/8", {"10.0.0.0/9"})}), "10.128.0.0-10.255.255.255 ");
  EXPECT_EQ(text_of({block("10.0.0.0/8", {"10.128.0.0/9"})}), "10.0.0.0-10.127.255.255 ");
}

TEST(Networks, ExceptionsMayOverlapNestAndCoverAll) {
  EXPECT_EQ(text_of({block("10.0.0.0/8", {"10.1.2.0/24", "10.1.0.0/16", "10.2.0.0/16"})}),
            "10.0.0.0-10.0.255.255 10.3.0.0-10.255.255.255 ");
  EXPECT_EQ(text_of({block("10.0.0.0/8", {"10.0.0.0/9", "10.128.0.0/9"})}), "");
}

TEST(Networks, OfSeveralBlocksTheUnionCounts) {
  EXPECT_EQ(text_of({block("10.1.0.0/16"), block("10.0.0.0/16"), block("10.0.5.0/24")}),
            "10.0.0.0-10.1.255.255 ");
  EXPECT_EQ(text_of({block("10.0.0.0/8", {"10.1.0.0/16"}), block("10.1.0.0/24")}),
            "10.0.0.0-10.1.0.255 10.2.0.0-10.255.255.255 ");
}

TEST(Networks, TheEndsOfTheFamiliesAreNoNeighbours) {
  EXPECT_EQ(text_of({block("0.0.0.0/1"), block("128.0.0.0/1")}), "0.0.0.0-255.255.255.255 ");
  EXPECT_EQ(text_of({block("255.255.255.255/32"), block("0.0.0.0/32")}),
            "0.0.0.0-0.0.0.0 255.255.255.255-255.255.255.255 ");
  EXPECT_EQ(text_of({block("0.0.0.0/0", {"255.255.255.255/32", "0.0.0.0/32"})}),
            "0.0.0.1-255.255.255.254 ");
}

TEST(Networks, EachFamilyIsByItself) {
  const std::vector<IpBlock> both{block("10.0.0.0/8"), block("fd00::/8", {"fd00::/9"})};
  EXPECT_EQ(text_of(both), "10.0.0.0-10.255.255.255 ");
  EXPECT_EQ(text_of(both, Family::kIpv6), "fd80::-fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ");
}

}  // namespace
}  // namespace catena::netpol
