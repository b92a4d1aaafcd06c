// The keys "podCIDRs" and "ranges".
#include <nlohmann/json.hpp>

#include "tests/unit/ipam/store_fixture.h"

namespace catena::ipam {
namespace {

using testing::HasSubstr;

base::Result<std::vector<RangeSet>> read(const std::string& text) {
  const nlohmann::json json = nlohmann::json::parse(text);
  base::Fields fields = base::Fields::of(json, "").value();
  const auto sets = ranges_from(fields);
  if (sets.ok()) {
    EXPECT_TRUE(fields.no_unknown_keys().ok());
  }
  return sets;
}

// "10.0.0.0/24, 10.1.0.0/24 | fd00::/64", or the error.
std::string said(const std::string& text) {
  const auto sets = read(text);
  if (!sets.ok()) {
    EXPECT_TRUE(sets.error().is(base::ErrorKind::kBadConfig));
    return sets.error().text();
  }
  std::string keys;
  for (const RangeSet& set : *sets) {
    keys += keys.empty() ? "" : " | ";
    for (const Range& range : set) {
      keys += (&range == &set.front() ? "" : ", ") + range.key();
    }
  }
  return keys;
}

TEST(RangesConfig, PodCidrsGiveASetPerFamily) {
  EXPECT_EQ(said(R"({"podCIDRs": ["172.30.1.0/24"]})"), "172.30.1.0/24");
  EXPECT_EQ(said(R"({"podCIDRs": ["fd00:1::/64", "172.30.1.0/24", "172.30.9.0/24"]})"),
            "fd00:1::/64 | 172.30.1.0/24, 172.30.9.0/24");
}

TEST(RangesConfig, RangesGiveASetEach) {
  EXPECT_EQ(said(R"({"ranges": [[{"subnet": "10.0.0.0/24"}, {"subnet": "10.1.0.0/24"}],
                               [{"subnet": "fd00::/64"}], [{"subnet": "10.2.0.0/30"}]]})"),
            "10.0.0.0/24, 10.1.0.0/24 | fd00::/64 | 10.2.0.0/30");
}

TEST(RangesConfig, EveryKeyOfARangeIsRead) {
  const auto sets = read(R"({"ranges": [[{"subnet": "10.0.0.0/24", "rangeStart": "10.0.0.10",
      "rangeEnd": "10.0.0.20", "gateway": "10.0.0.11",
      "exclude": ["10.0.0.18/31", "10.0.0.12", "10.0.0.16/30"]}]]})");
  ASSERT_TRUE(sets.ok()) << sets.error().text();
  const Range& range = sets->at(0).at(0);
  EXPECT_EQ(range.key(), "10.0.0.0/24:10.0.0.10-10.0.0.20");
  EXPECT_EQ(range.gateway, ip("10.0.0.11"));
  ASSERT_EQ(range.exclude.size(), 2U) << "sorted, without the one inside another";
  EXPECT_EQ(range.exclude[0].to_string(), "10.0.0.12/32");
  EXPECT_EQ(range.exclude[1].to_string(), "10.0.0.16/30");
  EXPECT_EQ(range.size(), 5U);
}

TEST(RangesConfig, DefaultsThatAreNamedAreTheSameRange) {
  EXPECT_EQ(said(R"({"ranges": [[{"subnet": "10.0.0.0/24", "rangeStart": "10.0.0.1",
                                 "rangeEnd": "10.0.0.254"}]]})"),
            "10.0.0.0/24");
}

TEST(RangesConfig, WhatIsWrongIsNamed) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {R"({})", "podCIDRs: missing"},
      {R"({"podCIDRs": null, "ranges": null})", "podCIDRs: missing"},
      {R"({"podCIDRs": ["10.0.0.0/24"], "ranges": [[{"subnet": "10.1.0.0/24"}]]})",
       "one of the two"},
      {R"({"podCIDRs": []})", "podCIDRs"},
      {R"({"podCIDRs": "10.0.0.0/24"})", "podCIDRs"},
      {R"({"podCIDRs": ["10.0.0.5/24"]})", "podCIDRs[0]"},
      {R"({"podCIDRs": ["10.0.0.0/31"]})", "podCIDRs[0]: 10.0.0.0/31 is too small"},
      {R"({"podCIDRs": ["fd00::/127"]})", "fd00::/127 is too small, expected /126"},
      {R"({"podCIDRs": ["10.0.0.0/16", "10.0.5.0/24"]})", "podCIDRs[1]: 10.0.5.0/24 overlaps"},
      {R"({"ranges": []})", "ranges"},
      {R"({"ranges": {}})", "ranges"},
      {R"({"ranges": [[]]})", "ranges[0]"},
      {R"({"ranges": [{"subnet": "10.0.0.0/24"}]})", "ranges[0]: expected a list"},
      {R"({"ranges": [["10.0.0.0/24"]]})", "ranges[0][0]"},
      {R"({"ranges": [[{}]]})", "ranges[0][0].subnet: missing"},
      {R"({"ranges": [[{"subnet": "10.0.0.1/24"}]]})", "ranges[0][0].subnet"},
      {R"({"ranges": [[{"subnet": "10.0.0.0/24", "rangestart": "10.0.0.9"}]]})", "rangeStart"},
      {R"({"ranges": [[{"subnet": "10.0.0.0/24", "rangeStart": "10.0.1.9"}]]})",
       "ranges[0][0].rangeStart: expected an address from 10.0.0.1 to 10.0.0.254"},
      {R"({"ranges": [[{"subnet": "10.0.0.0/24", "rangeStart": "fd00::1"}]]})", "rangeStart"},
      {R"({"ranges": [[{"subnet": "10.0.0.0/24", "rangeEnd": "10.0.0.255"}]]})", "rangeEnd"},
      {R"({"ranges": [[{"subnet": "10.0.0.0/24", "rangeStart": "10.0.0.9",
                        "rangeEnd": "10.0.0.8"}]]})",
       "not before rangeStart"},
      {R"({"ranges": [[{"subnet": "10.0.0.0/24", "gateway": "10.0.1.1"}]]})", "gateway"},
      {R"({"ranges": [[{"subnet": "10.0.0.0/24", "exclude": ["10.1.0.0/30"]}]]})", "exclude"},
      {R"({"ranges": [[{"subnet": "10.0.0.0/24", "exclude": ["10.0.0.1/30"]}]]})", "exclude"},
      {R"({"ranges": [[{"subnet": "10.0.0.0/30", "exclude": ["10.0.0.0/30"]}]]})",
       "leaves no address"},
      {R"({"ranges": [[{"subnet": "10.0.0.0/24"}, {"subnet": "fd00::/64"}]]})", "IPv4 and IPv6"},
      {R"({"ranges": [[{"subnet": "10.0.0.0/24"}], [{"subnet": "10.0.0.0/25"}]]})", "overlaps"}};
  for (const auto& [text, why] : cases) {
    EXPECT_THAT(said(text), HasSubstr(why)) << text;
  }
}

TEST(RangesConfig, PartsOfOneSubnetMayBeRangesOfTheirOwn) {
  EXPECT_EQ(said(R"({"ranges": [[{"subnet": "10.0.0.0/24", "rangeEnd": "10.0.0.99"},
                                {"subnet": "10.0.0.0/24", "rangeStart": "10.0.0.100"}]]})"),
            "10.0.0.0/24:10.0.0.1-10.0.0.99, 10.0.0.0/24:10.0.0.100-10.0.0.254");
}

}  // namespace
}  // namespace catena::ipam
