// Which address a pod gets.
#include "common/ipam/journal.h"
#include "common/ipam/record.h"
#include "tests/unit/ipam/store_fixture.h"

namespace catena::ipam {
namespace {

using base::ErrorKind;
using std::chrono::seconds;
using testing::HasSubstr;

using AllocationTest = StoreTest;

TEST_F(AllocationTest, AddressesNeverUsedComeInOrder) {
  EXPECT_EQ(node_.claim("a", "10.0.0.0/29"), "10.0.0.1");
  EXPECT_EQ(node_.claim("b", "10.0.0.0/29"), "10.0.0.2");
  EXPECT_EQ(node_.release("a"), "10.0.0.1");
  pass(seconds(31));
  EXPECT_EQ(node_.claim("c", "10.0.0.0/29"), "10.0.0.3");
}

TEST_F(AllocationTest, ThenTheOneFreeForLongest) {
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) {
    node_.claim(name, "10.0.0.0/29");
  }
  for (const char* name : {"c", "a", "f"}) {
    node_.release(name);
    pass(seconds(1));
  }
  pass(seconds(31));
  EXPECT_EQ(node_.claim("g", "10.0.0.0/29"), "10.0.0.3");
  EXPECT_EQ(node_.claim("h", "10.0.0.0/29"), "10.0.0.1");
  EXPECT_EQ(node_.claim("i", "10.0.0.0/29"), "10.0.0.6");
}

TEST_F(AllocationTest, AFreedAddressCoolsBeforeReuse) {
  node_.claim("a", "10.0.0.0/30");
  node_.claim("b", "10.0.0.0/30");
  node_.release("a");
  pass(seconds(29));
  EXPECT_THAT(node_.claim("c", "10.0.0.0/30"), HasSubstr("no address left"));
  EXPECT_EQ(node_.list(), "10.0.0.1 cooling a, 10.0.0.2 bound b");
  pass(seconds(1));
  EXPECT_EQ(node_.list(), "10.0.0.1 free a, 10.0.0.2 bound b");
  EXPECT_EQ(node_.claim("c", "10.0.0.0/30"), "10.0.0.1");
}

TEST_F(AllocationTest, StepsOfTheWallClockChangeNothing) {
  node_.claim("a", "10.0.0.0/30");
  node_.claim("b", "10.0.0.0/30");
  node_.release("a");
  clock_.now += std::chrono::hours(1000);
  EXPECT_THAT(node_.claim("c", "10.0.0.0/30"), HasSubstr("no address left"));
  clock_.now -= std::chrono::hours(2000);
  pass(seconds(30));
  EXPECT_EQ(node_.claim("c", "10.0.0.0/30"), "10.0.0.1");
}

TEST_F(AllocationTest, ExhaustionSaysWhatHoldsTheRange) {
  for (const char* name : {"a", "b", "c", "d"}) {
    node_.claim(name, "10.0.0.0/29");
  }
  node_.release("a");
  node_.kernel = {"10.0.0.5", "10.0.0.6"};
  const auto result = node_.try_claim("e", {{range("10.0.0.0/29")}});
  ASSERT_FALSE(result.ok());
  EXPECT_TRUE(result.error().is(ErrorKind::kTryAgain));
  EXPECT_THAT(result.error().message(),
              HasSubstr("10.0.0.0/29 (6 addresses): 3 bound, 1 cooling, 2 quarantined"));
  EXPECT_FALSE(result.error().advice().empty());
}

TEST_F(AllocationTest, GatewayAndExcludesAreNeverHandedOut) {
  Range some = range("10.0.0.0/28");
  some.gateway = ip("10.0.0.1");
  some.exclude = {base::Prefix::parse("10.0.0.4/30").value(),
                  base::Prefix::parse("10.0.0.9/32").value()};
  std::set<std::string> got;
  for (int i = 0; i < 8; ++i) {
    got.insert(node_.claim("c" + std::to_string(i), {{some}}));
  }
  EXPECT_EQ(got, (std::set<std::string>{"10.0.0.2", "10.0.0.3", "10.0.0.8", "10.0.0.10",
                                        "10.0.0.11", "10.0.0.12", "10.0.0.13", "10.0.0.14"}));
  EXPECT_THAT(node_.claim("c9", {{some}}), HasSubstr("(8 addresses): 8 bound"));
}

TEST_F(AllocationTest, AnAddressExcludedLaterIsPassedOver) {
  node_.claim("a", "10.0.0.0/30");
  node_.claim("b", "10.0.0.0/30");
  node_.release("a");
  node_.release("b");
  pass(seconds(60));
  Range less = range("10.0.0.0/30");
  less.exclude = {base::Prefix::parse("10.0.0.1/32").value()};
  EXPECT_EQ(node_.store().available({less}).value(), 1U);
  EXPECT_EQ(node_.claim("c", {{less}}), "10.0.0.2");
  EXPECT_EQ(node_.store().available({less}).value(), 0U);
  EXPECT_EQ(node_.claim("d", "10.0.0.0/30"), "10.0.0.1") << "the exclude is gone again";
}

TEST_F(AllocationTest, TheSmallestSubnetsWork) {
  EXPECT_EQ(node_.claim("a", "10.0.0.4/30"), "10.0.0.5");
  EXPECT_EQ(node_.claim("b", "10.0.0.4/30"), "10.0.0.6");
  EXPECT_THAT(node_.claim("c", "10.0.0.4/30"), HasSubstr("no address left"));
  EXPECT_EQ(node_.claim("d", "fd00::4/126"), "fd00::5");
  EXPECT_EQ(node_.claim("e", "fd00::4/126"), "fd00::6");
  EXPECT_EQ(node_.claim("f", "fd00::4/126"), "fd00::7");
  EXPECT_THAT(node_.claim("g", "fd00::4/126"), HasSubstr("no address left"));
}

TEST_F(AllocationTest, TheLastAddressOfTheFamilyIsNoTrap) {
  EXPECT_EQ(node_.claim("a", "255.255.255.252/30"), "255.255.255.253");
  EXPECT_EQ(node_.claim("b", "255.255.255.252/30"), "255.255.255.254");
  EXPECT_THAT(node_.claim("c", "255.255.255.252/30"), HasSubstr("no address left"));
  const std::string top = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffc/126";
  for (const char* name : {"d", "e", "f"}) {
    EXPECT_THAT(node_.claim(name, top), HasSubstr("ffff:fff"));
  }
  EXPECT_THAT(node_.claim("g", top), HasSubstr("no address left"));
}

TEST_F(AllocationTest, AHugeSubnetIsNoTrap) {
  EXPECT_EQ(node_.claim("a", "fd00:1::/64"), "fd00:1::1");
  EXPECT_EQ(node_.claim("b", "fd00:1::/64"), "fd00:1::2");
  EXPECT_EQ(node_.store().available({range("fd00:1::/64")}).value(), UINT64_MAX - 2);
  Range half = range("fd00:2::/64");
  half.exclude = {base::Prefix::parse("fd00:2::/65").value()};
  EXPECT_EQ(node_.claim("c", {{half}}), "fd00:2:0:0:8000::");
}

TEST_F(AllocationTest, ASetMayHaveSeveralRanges) {
  const RangeSet set{range("10.0.0.0/30"), range("10.1.0.0/30")};
  EXPECT_EQ(node_.store().available(set).value(), 4U);
  EXPECT_EQ(node_.claim("a", {set}), "10.0.0.1");
  EXPECT_EQ(node_.claim("b", {set}), "10.0.0.2");
  EXPECT_EQ(node_.claim("c", {set}), "10.1.0.1");
  EXPECT_EQ(node_.store().available(set).value(), 1U);
  EXPECT_EQ(node_.claim("d", {set}), "10.1.0.2");
  node_.release("c");
  pass(seconds(1));
  node_.release("a");
  pass(seconds(60));
  EXPECT_EQ(node_.claim("e", {set}), "10.1.0.1") << "free for longest over all ranges";
}

TEST_F(AllocationTest, EveryOtherSetGivesOneAddress) {
  EXPECT_EQ(
      node_.claim("a", {{range("10.0.0.0/24")}, {range("fd00::/64")}, {range("10.1.0.0/24")}}),
      "10.0.0.1 fd00::1 10.1.0.1");
}

TEST_F(AllocationTest, ARangeThatChangesItsEndsKeepsWorking) {
  for (const char* name : {"a", "b", "c"}) {
    node_.claim(name, "10.0.0.0/29");
  }
  Range part = range("10.0.0.0/29");
  part.last = ip("10.0.0.4");
  EXPECT_EQ(node_.claim("d", {{part}}), "10.0.0.4");
  EXPECT_THAT(node_.claim("e", {{part}}), HasSubstr("3 held by another range"));
  EXPECT_EQ(node_.store().available({part}).value(), 0U);
  node_.release("b");
  pass(seconds(30));
  EXPECT_EQ(node_.store().available({part}).value(), 1U);
  EXPECT_EQ(node_.claim("e", {{part}}), "10.0.0.2");
  EXPECT_EQ(node_.list(), "10.0.0.1 bound a, 10.0.0.2 bound e, 10.0.0.3 bound c, 10.0.0.4 bound d");
}

TEST_F(AllocationTest, AvailableCountsWhatAClaimCouldChoose) {
  const RangeSet set{range("10.0.0.0/29")};
  EXPECT_EQ(node_.store().available(set).value(), 6U);
  EXPECT_FALSE(std::filesystem::exists(path())) << "asking makes nothing";
  node_.claim("a", {set});
  node_.claim("b", {set}, {"10.0.0.5"});
  EXPECT_EQ(node_.store().available(set).value(), 4U);
  node_.release("a");
  EXPECT_EQ(node_.store().available(set).value(), 4U) << "a cooling one does not count";
  pass(seconds(30));
  EXPECT_EQ(node_.store().available(set).value(), 5U);
}

TEST_F(AllocationTest, APoolWithManyRecordsPrefersThemToNeverUsedAddresses) {
  constexpr std::uint64_t kMany = 4096;
  std::string journal = to_line(to_json(Header{.format = 1, .store = "s", .first = 1}));
  journal += to_line(to_json(1, {boot_entry("boot-1")}));
  for (std::uint64_t i = 1; i <= kMany; ++i) {
    Record record;
    record.address = ip("fd00::").plus(i);
    record.pool = "fd00::/64";
    record.state = i == 8 ? State::kFree : State::kBound;
    record.owner = {"c" + std::to_string(i), "eth0", "", "", ""};
    record.generation = 1;
    journal += to_line(to_json(1 + i, {to_entry(record, "")}));
  }
  std::filesystem::create_directory(path());
  put(path("journal"), journal);
  EXPECT_EQ(node_.find("c4096"), "fd00::1000");
  EXPECT_EQ(node_.claim("again", "fd00::/64"), "fd00::8");
  EXPECT_EQ(node_.claim("more", "fd00::/64"), "fd00::1001") << "no freed one is left";
  EXPECT_THAT(node_.store().take_notices(), testing::IsEmpty());
}

}  // namespace
}  // namespace catena::ipam
