// pool.grow.
#include "tests/unit/agent/pool_fixture.h"

namespace catena::agent {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

constexpr Families kBoth{.ipv4 = true, .ipv6 = true};

using PoolGrowTest = PoolTest;

TEST_F(PoolGrowTest, GrowsByWhatIsMissingOnly) {
  ASSERT_TRUE(grow_for(5).ok());
  EXPECT_EQ(count_in(ipam::State::kFree), 5);
  start_pods(2);
  const std::uint64_t before = all_calls();
  ASSERT_TRUE(grow_for(3).ok());
  EXPECT_EQ(all_calls(), before);  // three are free
  const auto grown = grow_for(7);
  ASSERT_TRUE(grown.ok()) << text_of(grown);
  EXPECT_EQ(grown->ipv4, 4);
  EXPECT_EQ(grown->missing, 0);
  EXPECT_EQ(count_in(ipam::State::kFree), 7);
  EXPECT_EQ(assign_calls(), 1U);
  EXPECT_THAT(enis(), SizeIs(1));
  EXPECT_EQ(disagreement(), "");
}

TEST_F(PoolGrowTest, OneBatchHoldsTheIdleReserveToo) {
  settings_.pool.min_idle = 4;
  const auto grown = grow_for(6);
  ASSERT_TRUE(grown.ok()) << text_of(grown);
  EXPECT_EQ(count_in(ipam::State::kFree), 10);
}

TEST_F(PoolGrowTest, AHundredPodsOnAnEniThatIsThereNeedOneAssignCallAnEni) {
  ASSERT_TRUE(grow_for(1).ok());
  const auto grown = grow_for(100);
  ASSERT_TRUE(grown.ok()) << text_of(grown);
  EXPECT_EQ(count_in(ipam::State::kFree), 100);
  EXPECT_EQ(assign_calls(), 1U);
  EXPECT_EQ(calls("CreateNetworkInterface"), 4U);
  EXPECT_EQ(disagreement(), "");
}

TEST_F(PoolGrowTest, PodsWithBothFamiliesGetBothOfOneEni) {
  const auto grown = grow_for(40, kBoth);
  ASSERT_TRUE(grown.ok()) << text_of(grown);
  EXPECT_EQ(grown->missing, 0);
  EXPECT_EQ(grown->ipv4, 40);
  EXPECT_EQ(grown->ipv6, 40);
  EXPECT_EQ(calls("AssignPrivateIpAddresses"), 0U);
  EXPECT_EQ(calls("AssignIpv6Addresses"), 2U);  // the API takes ten at once
  for (int i = 0; i < 40; ++i) {
    EXPECT_NE(start_pod("dual-" + std::to_string(i), true), "");
  }
  EXPECT_EQ(disagreement(), "");
}

TEST_F(PoolGrowTest, AtTheLimitOfTheInstanceTypeTheErrorSaysSoAndNothingIsSent) {
  settings_.pool.max_enis = 1;
  settings_.pool.max_ips_per_eni = 4;
  const auto part = grow_for(6);
  ASSERT_TRUE(part.ok()) << text_of(part);
  EXPECT_EQ(part->ipv4, 4);
  EXPECT_EQ(part->missing, 2);
  EXPECT_EQ(part->why->code(), "Catena.Limit");
  const std::uint64_t created = calls("CreateNetworkInterface");
  const auto none = grow_for(6);
  ASSERT_FALSE(none.ok());
  EXPECT_TRUE(none.error().is(base::ErrorKind::kTryAgain));
  EXPECT_EQ(none.error().code(), "Catena.Limit");
  EXPECT_THAT(none.error().text(), HasSubstr("no room for 2 more pods"));
  EXPECT_THAT(none.error().advice(), HasSubstr("larger instance type"));
  EXPECT_EQ(calls("CreateNetworkInterface"), created);
  EXPECT_EQ(assign_calls(), 0U);
}

TEST_F(PoolGrowTest, NoMoreEnisThanTheCloudAllowsThoughItsLimitIsLower) {
  refuse("AttachNetworkInterface", 403, "EniPerInstanceLimitExceeded", -1);
  const auto refused = grow_for(3);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), "EniPerInstanceLimitExceeded");
  EXPECT_THAT(enis(), SizeIs(0));  // what could not be attached is deleted again
  EXPECT_THAT(known().intents, SizeIs(0));
}

TEST_F(PoolGrowTest, WhenTheVSwitchOfAnEniIsFullANewEniComesFromAnother) {
  use_both_vswitches();
  ASSERT_TRUE(grow_for(3).ok());
  console({{"do", "take_addresses"}, {"vswitch", settings_.vswitches.front()}, {"leave", 0}});
  const auto grown = grow_for(10);
  ASSERT_TRUE(grown.ok()) << text_of(grown);
  EXPECT_EQ(grown->missing, 0);
  ASSERT_THAT(enis(), SizeIs(2));
  EXPECT_EQ(known().enis[0].vswitch == known().enis[1].vswitch, false);
  EXPECT_EQ(disagreement(), "");
}

TEST_F(PoolGrowTest, AVSwitchThatIsNearlyFullGivesWhatItHas) {
  ASSERT_TRUE(grow_for(3).ok());
  console({{"do", "take_addresses"}, {"vswitch", settings_.vswitches.front()}, {"leave", 4}});
  const auto grown = grow_for(12);
  ASSERT_TRUE(grown.ok()) << text_of(grown);
  EXPECT_EQ(grown->ipv4, 4);
  EXPECT_EQ(grown->missing, 5);
  EXPECT_EQ(grown->why->code(), "InvalidVSwitchId.IpNotEnough");
  const auto none = grow_for(12);
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code(), "InvalidVSwitchId.IpNotEnough");
  EXPECT_THAT(none.error().advice(), HasSubstr("vSwitch"));
  EXPECT_EQ(disagreement(), "");
}

TEST_F(PoolGrowTest, ANewEniIsMadeWithTheAddressesTheVSwitchesHaveLeft) {
  console({{"do", "take_addresses"}, {"vswitch", settings_.vswitches.front()}, {"leave", 3}});
  const auto grown = grow_for(20);
  ASSERT_TRUE(grown.ok()) << text_of(grown);
  EXPECT_EQ(grown->ipv4, 3);
  EXPECT_EQ(grown->missing, 17);
  EXPECT_EQ(disagreement(), "");
}

TEST_F(PoolGrowTest, ThrottledCallsAreSentAgainWithinTheDeadline) {
  refuse("CreateNetworkInterface", 400, "Throttling.User", 1);
  const auto grown = grow_for(3);
  ASSERT_TRUE(grown.ok()) << text_of(grown);
  EXPECT_THAT(enis(), SizeIs(1));
}

TEST_F(PoolGrowTest, WhenThrottlingLastsTheErrorHasItsCodeAndTheNextGrowMakesNoSecondEni) {
  refuse("CreateNetworkInterface", 400, "Throttling.User", -1);
  const auto throttled = grow_for(3);
  ASSERT_FALSE(throttled.ok());
  EXPECT_TRUE(throttled.error().is(base::ErrorKind::kTryAgain));
  EXPECT_EQ(throttled.error().code(), "Throttling.User");
  cloud_.gateway().faults().clear();
  const auto grown = grow_for(3);
  ASSERT_TRUE(grown.ok()) << text_of(grown);
  EXPECT_EQ(grown->missing, 0);
  EXPECT_THAT(enis(), SizeIs(1));
  EXPECT_THAT(known().intents, SizeIs(0));
}

TEST_F(PoolGrowTest, WhatAnEarlierGrowLeftUnfinishedServesTheNextOne) {
  lose_answers("CreateNetworkInterface", -1);
  Duty now = duty(Millis(20'000));
  ASSERT_FALSE(grow_pool(now, {.pods = 8, .families = {}}).ok());
  cloud_.gateway().faults().clear();
  const auto grown = grow_for(8);
  ASSERT_TRUE(grown.ok()) << text_of(grown);
  EXPECT_EQ(grown->missing, 0);
  EXPECT_THAT(enis(), SizeIs(1));
  EXPECT_EQ(count_in(ipam::State::kFree), 8);
}

TEST_F(PoolGrowTest, AnEniThatWasDeletedInTheConsoleIsNoReasonToFail) {
  ASSERT_TRUE(grow_for(2).ok());
  start_pods(2);
  console({{"do", "delete_eni"}, {"eni", known().enis[0].id}});
  const auto grown = grow_for(3);
  ASSERT_TRUE(grown.ok()) << text_of(grown);
  EXPECT_EQ(grown->missing, 0);
  EXPECT_THAT(enis(), SizeIs(1));
}

TEST_F(PoolGrowTest, EnisOfOthersCountAgainstTheLimit) {
  settings_.pool.eni_cap_ratio = 0.5;  // 4 of 8, the primary one included
  settings_.pool.eni_cap_shift = -1;
  const auto grown = grow_for(200);
  ASSERT_TRUE(grown.ok()) << text_of(grown);
  EXPECT_THAT(enis(), SizeIs(2));
  EXPECT_EQ(grown->ipv4, 60);
}

class PoolBlocksTest : public PoolTest {
 protected:
  PoolBlocksTest() : PoolTest(scene_with_blocks()) { settings_.pool.use_prefixes = true; }
};

TEST_F(PoolBlocksTest, BlocksComeInThePlaceOfSingleAddresses) {
  const auto grown = grow_for(40);
  ASSERT_TRUE(grown.ok()) << text_of(grown);
  EXPECT_EQ(grown->ipv4, 1 + 3 * 16);
  EXPECT_THAT(enis().front()["ipv4Prefixes"], SizeIs(3));
  const auto more = grow_for(60);
  ASSERT_TRUE(more.ok()) << text_of(more);
  EXPECT_EQ(more->ipv4, 16);
  EXPECT_EQ(assign_calls(), 1U);
  EXPECT_EQ(sync(), "");
  EXPECT_EQ(count_in(ipam::State::kFree), 65);
}

TEST_F(PoolBlocksTest, ABlockOfIpv6ServesAllPodsOfItsEni) {
  settings_.pool.ipv6_prefixes = 1;
  const auto grown = grow_for(40, kBoth);
  ASSERT_TRUE(grown.ok()) << text_of(grown);
  EXPECT_EQ(grown->missing, 0);
  EXPECT_EQ(assign_calls(), 0U);
  EXPECT_NE(start_pod("dual", true), "");
}

TEST_F(PoolBlocksTest, WithoutABlockToBeHadSingleAddressesCome) {
  for (int i = 0; i < 2; ++i) {  // 16 blocks are there
    ASSERT_TRUE(grow_for(150 * (i + 1)).ok());
  }
  EXPECT_LE(known().enis.size(), 3U);
  std::size_t blocks = 0;
  for (const nlohmann::json& eni : enis()) {
    blocks += eni["ipv4Prefixes"].size();
  }
  EXPECT_EQ(blocks, 16U);
  EXPECT_EQ(count_in(ipam::State::kFree), 300);
}

class ColdNodeTest : public PoolTest {
 protected:
  explicit ColdNodeTest(const std::string& type = "ecs.g7.4xlarge")
      : PoolTest(scene_of(type, false)) {}
};

TEST_F(ColdNodeTest, AHundredPodsFromAnEmptyPoolCostNoAssignCall) {
  const Millis begin = pace_.elapsed();
  const auto grown = grow_for(100);
  ASSERT_TRUE(grown.ok()) << text_of(grown);
  EXPECT_EQ(grown->missing, 0);
  EXPECT_LE(assign_calls(), 2U);
  EXPECT_EQ(calls("CreateNetworkInterface"), 4U);
  // Four creations of up to 3 s one after the other, then all are attached side by side.
  EXPECT_LT(pace_.elapsed() - begin, std::chrono::seconds(40));
  RecordProperty("seconds", static_cast<int>((pace_.elapsed() - begin).count() / 1000));
  start_pods(100);
}

TEST_F(ColdNodeTest, ADeadlineInTheMiddleLosesNothing) {
  Duty now = duty(Millis(9'000));
  const auto cut = grow_pool(now, {.pods = 100, .families = {}});
  EXPECT_TRUE(!cut.ok() || cut->missing > 0);
  const auto grown = grow_for(100);
  ASSERT_TRUE(grown.ok()) << text_of(grown);
  EXPECT_EQ(grown->missing, 0);
  EXPECT_THAT(enis(), SizeIs(4));
  EXPECT_EQ(disagreement(), "");
}

class FullColdNodeTest : public ColdNodeTest {
 protected:
  FullColdNodeTest() : ColdNodeTest("ecs.g7.xlarge") {}
};

TEST_F(FullColdNodeTest, TheRoomOfAnEniWhoseReleaseWasCutServesPods) {
  ASSERT_TRUE(grow_for(45).ok());  // 3 ENIs of 15
  ASSERT_THAT(known().enis, SizeIs(3));
  Duty brief = duty(Millis(2'000));
  ASSERT_FALSE(release(brief, {.eni = known().enis.front().id}).ok());
  const auto grown = grow_for(45);
  ASSERT_TRUE(grown.ok()) << text_of(grown);
  EXPECT_EQ(grown->missing, 0);
  EXPECT_THAT(known().intents, SizeIs(0));
  EXPECT_EQ(disagreement(), "");
}

TEST_F(FullColdNodeTest, TheRoomOfAddressesWhoseReleaseWasCutServesPods) {
  ASSERT_TRUE(grow_for(45).ok());
  const ipam::Eni eni = known().enis.front();
  ReleaseRequest some{.eni = eni.id};
  for (const ipam::Record& record : store_.list().value()) {
    if (record.pool == eni.id && record.address != eni.address && some.addresses.size() < 4) {
      some.addresses.push_back(record.address);
    }
  }
  lose_answers("UnassignPrivateIpAddresses", 9);
  Duty brief = duty(Millis(2'000));
  ASSERT_FALSE(release(brief, some).ok());
  cloud_.gateway().faults().clear();
  const auto grown = grow_for(45);
  ASSERT_TRUE(grown.ok()) << text_of(grown);
  EXPECT_EQ(grown->missing, 0);
  EXPECT_EQ(disagreement(), "");
}

class LargeColdNodeTest : public ColdNodeTest {
 protected:
  LargeColdNodeTest() : ColdNodeTest("ecs.g7.32xlarge") {}
};

TEST_F(LargeColdNodeTest, TwoHundredAndFiftyPodsAtOnceAreServedByOneGrow) {
  const Millis begin = pace_.elapsed();
  const auto grown = grow_for(250);
  ASSERT_TRUE(grown.ok()) << text_of(grown);
  EXPECT_EQ(grown->missing, 0);
  EXPECT_LE(assign_calls(), 5U);
  EXPECT_EQ(calls("CreateNetworkInterface"), 9U);
  EXPECT_LT(pace_.elapsed() - begin, std::chrono::seconds(60));
  RecordProperty("seconds", static_cast<int>((pace_.elapsed() - begin).count() / 1000));
  start_pods(250);
}

}  // namespace
}  // namespace catena::agent
