// eni.grow and eni.capacity.
#include "tests/unit/agent/exclusive_fixture.h"

namespace catena::agent {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::SizeIs;

using EniGrowTest = ExclusiveTest;

TEST_F(EniGrowTest, APodThatWaitsGetsAnEniThatIsAttachedForIt) {
  const auto grown = grow_enis_for(1);
  ASSERT_TRUE(grown.ok()) << text_of(grown);
  EXPECT_THAT(grown->enis, SizeIs(1));
  EXPECT_EQ(grown->idle, 1);
  ASSERT_THAT(enis(), SizeIs(1));
  EXPECT_EQ(enis().front()["state"], "InUse");
  EXPECT_EQ(enis().front()["tags"]["catena-mode"], "exclusive");
  EXPECT_EQ(start_eni_pod("web"), grown->enis.front());
  EXPECT_EQ(start_eni_pod("next"), "");
  EXPECT_EQ(start_pod("of-a-shared-eni"), "");
}

TEST_F(EniGrowTest, AnIdleEniIsUsedWithoutACall) {
  ASSERT_TRUE(grow_enis_for(1).ok());
  start_eni_pod("web");
  end_eni_pod("web");
  const std::uint64_t before = all_calls();
  const auto grown = grow_enis_for(1);
  ASSERT_TRUE(grown.ok()) << text_of(grown);
  EXPECT_THAT(grown->enis, SizeIs(0));
  EXPECT_EQ(all_calls(), before);
}

TEST_F(EniGrowTest, OnlyWhatIsMissingIsMade) {
  ASSERT_TRUE(grow_enis_for(1).ok());
  ASSERT_TRUE(grow_enis_for(3).ok());
  EXPECT_EQ(calls("CreateNetworkInterface"), 3U);
  EXPECT_EQ(known().enis.size(), 3U);
}

TEST_F(EniGrowTest, AFullNodeRefusesOneMoreAndSaysWhy) {
  ASSERT_TRUE(grow_enis_for(3).ok());
  for (const char* name : {"a", "b", "c"}) {
    EXPECT_NE(start_eni_pod(name), "");
  }
  const std::uint64_t before = calls("CreateNetworkInterface");
  const auto full = grow_enis_for(1);
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().code(), "Catena.Limit");
  EXPECT_TRUE(full.error().is(base::ErrorKind::kTryAgain));
  EXPECT_THAT(full.error().text(), HasSubstr("ecs.g7.xlarge has no room for 1 more ENIs of pods"));
  EXPECT_THAT(full.error().text(), HasSubstr("of 3 beside the primary one pods have 3"));
  EXPECT_EQ(calls("CreateNetworkInterface"), before);
}

TEST_F(EniGrowTest, WhatIsThereIsGivenToSomeOfThoseWhoWait) {
  const auto grown = grow_enis_for(5);
  ASSERT_TRUE(grown.ok()) << text_of(grown);
  EXPECT_EQ(grown->idle, 3);
  EXPECT_EQ(grown->missing, 2);
  ASSERT_TRUE(grown->why.has_value());
  EXPECT_EQ(grown->why->code(), "Catena.Limit");
}

TEST_F(EniGrowTest, OnAFullNodeOneThatCoolsIsNamed) {
  ipam::Store cooling(dir_.path() + "/state", {.clock = &clock_, .boot_id = "b-1"});
  ASSERT_TRUE(grow_enis_for(3).ok());
  for (const char* name : {"a", "b", "c"}) {
    start_eni_pod(name);
  }
  end_eni_pod("b");
  Duty now = duty_on(cooling);
  const auto soon = grow_exclusive(now, {.enis = 1});
  ASSERT_FALSE(soon.ok());
  EXPECT_EQ(soon.error().code(), "Catena.Cooling");
  EXPECT_THAT(soon.error().text(), HasSubstr("1 can be had in less than 30 s"));
  pace_.sleep(seconds(31));
  Duty later = duty_on(cooling);
  EXPECT_TRUE(grow_exclusive(later, {.enis = 1}).ok());
}

TEST_F(EniGrowTest, SharedAndExclusiveEnisTogetherKeepTheLimit) {
  ASSERT_TRUE(grow_for(2).ok());
  const auto two = grow_enis_for(3);
  ASSERT_TRUE(two.ok()) << text_of(two);
  EXPECT_EQ(two->idle, 2);
  EXPECT_THAT(text_of(grow_for(20)), HasSubstr("done"));
  EXPECT_THAT(known().enis, SizeIs(3));
  EXPECT_EQ(calls("CreateNetworkInterface"), 3U);
}

TEST_F(EniGrowTest, RoomIsLeftForSharedOnesThatMustBeThere) {
  settings_.pool.min_enis = 2;
  const auto one = grow_enis_for(3);
  ASSERT_TRUE(one.ok()) << text_of(one);
  EXPECT_EQ(one->idle, 1);
  EXPECT_TRUE(keep().ok());
  EXPECT_THAT(known().enis, SizeIs(3));
}

TEST_F(EniGrowTest, AnAttachThatFallsBackToAvailableIsTriedAgain) {
  console({{"do", "plan_fault"}, {"kind", "attach_fails"}, {"count", 2}});
  ASSERT_TRUE(grow_enis_for(1).ok());
  EXPECT_EQ(calls("AttachNetworkInterface"), 3U);
  EXPECT_EQ(calls("CreateNetworkInterface"), 1U);
  EXPECT_NE(start_eni_pod("web"), "");
}

TEST_F(EniGrowTest, AnAttachThatNeverSucceedsLeavesNoEni) {
  console({{"do", "plan_fault"}, {"kind", "attach_fails"}, {"count", 9}});
  const auto failed = grow_enis_for(1);
  ASSERT_FALSE(failed.ok());
  EXPECT_THAT(failed.error().text(), HasSubstr("fell back to Available 3 times"));
  EXPECT_THAT(enis(), SizeIs(0));
  EXPECT_THAT(known().enis, SizeIs(0));
  EXPECT_THAT(known().intents, SizeIs(0));
}

TEST_F(EniGrowTest, ADualStackPodGetsAnEniWithAnIpv6Address) {
  const auto grown = grow_enis_for(1, true);
  ASSERT_TRUE(grown.ok()) << text_of(grown);
  EXPECT_NE(start_eni_pod("web", true), "");
  EXPECT_EQ(disagreement(), "");
}

TEST_F(EniGrowTest, AnIdleEniWithoutIpv6GetsAnAddressRatherThanAnotherBeingMade) {
  ASSERT_TRUE(grow_enis_for(1).ok());
  const auto grown = grow_enis_for(1, true);
  ASSERT_TRUE(grown.ok()) << text_of(grown);
  EXPECT_EQ(calls("CreateNetworkInterface"), 1U);
  EXPECT_EQ(calls("AssignIpv6Addresses"), 1U);
  EXPECT_NE(start_eni_pod("web", true), "");
}

TEST_F(EniGrowTest, AnEniWhoseNicIsLostDoesNotCountOnceItHadTimeToAppear) {
  ASSERT_TRUE(grow_enis_for(1).ok());
  away_.insert(known().enis.front().mac.to_string());
  EXPECT_EQ(grow_enis_for(1)->idle, 1) << "it may still appear";
  EXPECT_THAT(known().enis, SizeIs(1));
  wait(minutes(2));
  ASSERT_TRUE(grow_enis_for(1).ok());
  EXPECT_THAT(known().enis, SizeIs(2));
}

TEST_F(EniGrowTest, EnisOfAReinstalledNodeAreAdoptedWhereThereIsNoRoomForNewOnes) {
  ASSERT_TRUE(grow_enis_for(3).ok());
  ipam::Store reinstalled(dir_.path() + "/new-state", {.clock = &clock_, .boot_id = "b-1"});
  Duty now = duty_on(reinstalled);
  const auto grown = grow_exclusive(now, {.enis = 2});
  ASSERT_TRUE(grown.ok()) << text_of(grown);
  EXPECT_THAT(grown->enis, SizeIs(3));
  EXPECT_EQ(grown->idle, 3);
  EXPECT_EQ(calls("CreateNetworkInterface"), 3U);
}

// With the cloud's own delays.
class SlowEniGrowTest : public ExclusiveTest {
 protected:
  static sim::Scene scene() {
    sim::Scene scene = scene_of("ecs.g7.xlarge", false);
    scene.delays.attach = {Millis(20'000), Millis(20'000)};
    return scene;
  }
  SlowEniGrowTest() : ExclusiveTest(scene()) {}
};

TEST_F(SlowEniGrowTest,
       AnAttachSlowerThanTheCallersPatienceIsCarriedOnByTheNextCallWithTheSameEni) {
  Duty impatient = duty(Millis(8'000));
  const auto first = grow_exclusive(impatient, {.enis = 1});
  ASSERT_FALSE(first.ok());
  EXPECT_TRUE(first.error().is(base::ErrorKind::kTryAgain));
  EXPECT_THAT(enis(), SizeIs(1));
  const auto second = grow_enis_for(1);
  ASSERT_TRUE(second.ok()) << text_of(second);
  EXPECT_EQ(calls("CreateNetworkInterface"), 1U);
  EXPECT_EQ(start_eni_pod("web"), enis().front()["id"]);
}

TEST_F(SlowEniGrowTest, APodGetsTheRoomOfAnEniWhoseReleaseWasCutByItsDeadline) {
  ASSERT_TRUE(grow_enis_for(3).ok());
  for (const char* name : {"a", "b", "c"}) {
    EXPECT_NE(start_eni_pod(name), "");
  }
  const std::string leaving = store_.eni_of("b", "eth0").value()->id;
  end_eni_pod("b");
  Duty brief = duty(Millis(2'000));
  ASSERT_FALSE(release(brief, {.eni = leaving}).ok());
  ASSERT_THAT(known().intents, SizeIs(1));
  const auto grown = grow_enis_for(1);
  ASSERT_TRUE(grown.ok()) << text_of(grown);
  EXPECT_THAT(grown->enis, SizeIs(1));
  EXPECT_NE(start_eni_pod("next"), leaving);
  EXPECT_THAT(enis(), SizeIs(3));
  EXPECT_THAT(known().intents, SizeIs(0));
  EXPECT_EQ(disagreement(), "");
}

TEST_F(SlowEniGrowTest, WhereThereIsRoomNoPodWaitsForTheEndOfARelease) {
  ASSERT_TRUE(grow_enis_for(2).ok());
  Duty brief = duty(Millis(2'000));
  ASSERT_FALSE(release(brief, {.eni = known().enis.front().id}).ok());
  ASSERT_TRUE(grow_enis_for(2).ok());
  EXPECT_THAT(known().intents, SizeIs(1));
  EXPECT_THAT(known().enis, SizeIs(3));
}

TEST_F(SlowEniGrowTest, AReleaseThatCanNotBeFinishedIsToldAsTheReason) {
  ASSERT_TRUE(grow_enis_for(3).ok());
  Duty brief = duty(Millis(2'000));
  ASSERT_FALSE(release(brief, {.eni = known().enis.front().id}).ok());
  refuse("DeleteNetworkInterface", 403, "Forbidden.RAM", 9);
  const auto grown = grow_enis_for(3);
  ASSERT_FALSE(grown.ok());
  EXPECT_THAT(grown.error().text(), HasSubstr("an earlier delete-eni of"));
  EXPECT_THAT(grown.error().text(), HasSubstr("Forbidden.RAM"));
}

TEST_F(SlowEniGrowTest, SeveralAreAttachedSideBySide) {
  const Millis before = pace_.elapsed();
  ASSERT_TRUE(grow_enis_for(3).ok());
  EXPECT_LT(pace_.elapsed() - before, seconds(45)) << "one takes 20 s and more";
}

TEST_F(EniGrowTest, TheCapacityIsWhatTheTypeAllowsBesideThePrimaryEni) {
  const EniCapacity alone = capacity();
  EXPECT_EQ(alone.capacity, 3);
  EXPECT_EQ(alone.in_use, 0);
  EXPECT_THAT(alone.reason, HasSubstr("ecs.g7.xlarge has 4 ENIs"));
  ASSERT_TRUE(grow_enis_for(2).ok());
  start_eni_pod("web");
  EXPECT_EQ(capacity().capacity, 3);
  EXPECT_EQ(capacity().in_use, 1);
}

TEST_F(EniGrowTest, TheCapacityLeavesOutWhatSharedEnisTakeAndMustTake) {
  settings_.pool.min_enis = 1;
  EXPECT_EQ(capacity().capacity, 2);
  ASSERT_TRUE(grow_for(20).ok());
  EXPECT_EQ(capacity().capacity, 1) << "two shared ones";
  settings_.pool.eni_cap_shift = -1;
  EXPECT_EQ(capacity().capacity, 0);
}

TEST_F(EniGrowTest, TheCapacityIsTheSameAfterARestartOfTheAgent) {
  ASSERT_TRUE(grow_enis_for(2).ok());
  ASSERT_TRUE(grow_for(1).ok());
  start_eni_pod("web");
  const EniCapacity before = capacity();
  EXPECT_EQ(before.capacity, 2);
  capacity_memory_.reset();
  const EniCapacity after = capacity();
  EXPECT_EQ(after.capacity, before.capacity);
  EXPECT_EQ(after.in_use, before.in_use);
  EXPECT_EQ(after.reason, before.reason);
}

TEST_F(EniGrowTest, AskingForTheCapacityOftenCostsNoCall) {
  capacity();
  const std::uint64_t before = all_calls();
  for (int i = 0; i < 9; ++i) {
    wait(minutes(1));
    capacity();
  }
  EXPECT_EQ(all_calls(), before);
  wait(minutes(2));
  capacity();
  EXPECT_GT(all_calls(), before);
}

TEST_F(EniGrowTest, AnEniThatIsNotOursTakesRoom) {
  cloud::CreateNetworkInterface wanted;
  wanted.vswitch_id = settings_.vswitches.front();
  wanted.security_group_ids = {scene_.security_groups.front().id};
  const auto made = cloud::create_network_interface(client_, wanted);
  ASSERT_TRUE(made.ok()) << text_of(made);
  cloud::AttachNetworkInterface attach;
  attach.eni_id = made->id;
  attach.instance_id = instance();
  ASSERT_TRUE(cloud::attach_network_interface(client_, attach).ok());
  pace_.sleep(seconds(10));
  EXPECT_EQ(capacity().capacity, 2);
  EXPECT_THAT(capacity().reason, HasSubstr("1 are not Catena's"));
  EXPECT_EQ(grow_enis_for(3)->idle, 2);
}

}  // namespace
}  // namespace catena::agent
