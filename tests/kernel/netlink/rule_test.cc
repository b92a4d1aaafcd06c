#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/netlink/world.h"

namespace catena::netlink {
namespace {

using test::must;
using test::prefix;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

std::vector<Rule> every_kind() {
  return {
      {.priority = 512, .table = 300},
      {.priority = 600,
       .table = 254,
       .mark = 0x0ff00000,
       .mark_mask = 0x0ff00000,
       .in_interface = "eth0"},
      {.priority = 601, .table = 1001, .mark = 0, .mark_mask = 0x00f00000},
      {.priority = 2048, .table = 1001, .from = prefix("10.1.0.5/32")},
      {.priority = 2049, .table = 100, .to = prefix("10.0.0.0/8"), .protocol = 99},
      {.family = base::Family::kIpv6, .priority = 512, .table = 300},
      {.family = base::Family::kIpv6,
       .priority = 2048,
       .table = 1001,
       .from = prefix("fd00::5/128"),
       .to = prefix("fd00:1::/32"),
       .mark = 0x00100000,
       .mark_mask = 0x0ff00000},
  };
}

TEST(Rule, EveryKindReadsBackAsItWasAdded) {
  test::Namespaces world;
  for (const Rule& rule : every_kind()) {
    must(world.host.send(add_rule(rule)));
    EXPECT_THAT(must(world.host.list_rules()), Contains(rule)) << rule.priority;
  }
}

TEST(Rule, AddingAndDeletingMayBeRepeated) {
  test::Namespaces world;
  const std::size_t before = must(world.host.list_rules()).size();
  for (const Rule& rule : every_kind()) {
    must(world.host.send(add_rule(rule)));
    must(world.host.send(add_rule(rule)));
  }
  EXPECT_EQ(must(world.host.list_rules()).size(), before + every_kind().size());
  for (const Rule& rule : every_kind()) {
    must(world.host.send(delete_rule(rule)));
    EXPECT_THAT(must(world.host.list_rules()), Not(Contains(rule)));
    must(world.host.send(delete_rule(rule)));
  }
  EXPECT_EQ(must(world.host.list_rules()).size(), before);
}

TEST(Rule, ShowsOurProtocolNumber) {
  test::Namespaces world;
  must(world.host.send(add_rule({.priority = 512, .table = 300})));
  EXPECT_THAT(world.host_ns.sh("ip -d rule"), HasSubstr("lookup 300 proto 202"));
}

TEST(Rule, DeletingLeavesTheSameRuleOfAnotherProtocol) {
  test::Namespaces world;
  world.host_ns.sh("ip rule add priority 512 lookup 300 protocol 99");
  must(world.host.send(delete_rule({.priority = 512, .table = 300})));
  EXPECT_THAT(must(world.host.list_rules()),
              Contains(Rule{.priority = 512, .table = 300, .protocol = 99}));
}

TEST(ListRules, StartsWithTheKernelsOwnOfBothFamilies) {
  test::Namespaces world;
  const auto rules = must(world.host.list_rules());
  const auto count = [&](base::Family family) {
    return std::ranges::count_if(rules, [&](const Rule& rule) { return rule.family == family; });
  };
  EXPECT_EQ(count(base::Family::kIpv4), 3);  // local, main, default
  EXPECT_EQ(count(base::Family::kIpv6), 2);  // local, main
}

}  // namespace
}  // namespace catena::netlink
