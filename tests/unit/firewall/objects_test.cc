#include "common/firewall/objects.h"

#include <gtest/gtest.h>

namespace catena::firewall {
namespace {

TEST(RuleTag, ChangesWithTheExpressionsAndKeepsTheComment) {
  Rule one{"why", {}};
  one.expressions.verdict(Verdict::drop());
  Rule same{"why", {}};
  same.expressions.verdict(Verdict::drop());
  Rule other{"why", {}};
  other.expressions.verdict(Verdict::accept());
  EXPECT_EQ(one.tag(), same.tag());
  EXPECT_NE(one.tag(), other.tag());
  EXPECT_EQ(one.tag().substr(0, 5), "why #");
  EXPECT_EQ(one.tag().size(), 13U);
}

TEST(AddElements, NoElementsAreNoMessages) {
  EXPECT_TRUE(add_elements({"t", "s", {kIpv4Field}}, {}).empty());
  EXPECT_TRUE(delete_elements({"t", "s", {kIpv4Field}}, {}).empty());
}

TEST(AddElements, NoAttributeOutgrows64KiB) {
  const Set map{"t", "s", {kInterfaceField, kIpv6Field}, false, true};
  const Element large{std::string(32, 'k'), std::nullopt, Verdict::jump(std::string(100, 'c'))};
  for (const std::size_t count : {1U, 300U, 5000U}) {
    const std::vector<Change> changes = add_elements(map, std::vector<Element>(count, large));
    for (const Change& change : changes) {
      EXPECT_LT(change.attributes.data().size(), 65536U);
    }
    EXPECT_GE(changes.size(), count / 350);
  }
}

TEST(KeyOfInterface, IsFilledUpWithNul) {
  EXPECT_EQ(key_of_interface("ctn1"), std::string("ctn1") + std::string(12, '\0'));
}

}  // namespace
}  // namespace catena::firewall
