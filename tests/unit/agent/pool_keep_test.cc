// pool.keep.
#include "tests/unit/agent/pool_fixture.h"

namespace catena::agent {
namespace {

using std::chrono::minutes;
using testing::ElementsAre;
using testing::SizeIs;

class PoolKeepTest : public PoolTest {
 protected:
  // Idle pods after it.
  int kept(int pending = 0) {
    const auto done = keep(pending);
    EXPECT_TRUE(done.ok()) << text_of(done);
    return done.ok() ? done->idle : -1;
  }
};

TEST_F(PoolKeepTest, BelowItsLowerBoundThePoolGrowsToIt) {
  settings_.pool.min_idle = 3;
  EXPECT_EQ(kept(), 3);
  start_pods(2);
  EXPECT_EQ(kept(), 3);
  EXPECT_EQ(disagreement(), "");
}

TEST_F(PoolKeepTest, WithoutALowerBoundAnEmptyPoolStaysEmptyAndAsksNobody) {
  EXPECT_EQ(kept(), 0);
  EXPECT_EQ(all_calls(), 0U);
}

TEST_F(PoolKeepTest, PendingPodsAreProvidedFor) {
  settings_.pool.min_idle = 2;
  EXPECT_EQ(kept(10), 12);
  EXPECT_EQ(assign_calls(), 0U);
}

TEST_F(PoolKeepTest, AWarmedUpNodeHasItsAddressesWhetherUsedOrNot) {
  settings_.pool.warm_up = 8;
  EXPECT_EQ(kept(), 8);
  start_pods(6);
  EXPECT_EQ(kept(), 2);
  wait(minutes(30));
  EXPECT_EQ(kept(), 2);
}

TEST_F(PoolKeepTest, AFewEnisAreThereFromTheBeginning) {
  settings_.pool.min_enis = 2;
  kept();
  EXPECT_THAT(enis(), SizeIs(2));
  const std::uint64_t before = all_calls();
  wait(minutes(30));
  kept();
  EXPECT_EQ(all_calls(), before);
}

TEST_F(PoolKeepTest, ASurplusGoesBackOnlyOnceItHasLasted) {
  ASSERT_TRUE(grow_for(20).ok());
  start_pods(3);
  wait(minutes(4));
  EXPECT_EQ(kept(), 17);
  wait(minutes(2));
  EXPECT_EQ(kept(), 5);
  EXPECT_EQ(calls("UnassignPrivateIpAddresses"), 1U);
  EXPECT_EQ(disagreement(), "");
  EXPECT_EQ(kept(), 5);
  EXPECT_EQ(calls("UnassignPrivateIpAddresses"), 1U);
}

TEST_F(PoolKeepTest, PodsThatComeAndGoCostNoCall) {
  settings_.pool.min_idle = 2;
  settings_.pool.max_idle = 4;
  kept();
  start_pods(10 - kept(8));
  const int idle = kept();
  const std::uint64_t before = all_calls();
  for (int i = 0; i < 50 && idle > 2; ++i) {  // more than the bounds allow, but never for long
    const std::string name = "job-" + std::to_string(i);
    const std::string other = "twin-" + std::to_string(i);
    EXPECT_NE(start_pod(name), "");
    EXPECT_NE(start_pod(other), "");
    wait(minutes(2));
    kept();
    end_pod(name);
    end_pod(other);
    wait(minutes(1));
    kept();
  }
  EXPECT_LE(all_calls() - before, 3U);
}

TEST_F(PoolKeepTest, AnEniThatIsSurplusGoesAsAWhole) {
  ASSERT_TRUE(grow_for(60).ok());
  ASSERT_THAT(enis(), SizeIs(2));
  wait(minutes(6));
  const auto done = keep();
  ASSERT_TRUE(done.ok()) << text_of(done);
  EXPECT_THAT(done->released_enis, SizeIs(1));
  EXPECT_EQ(done->idle, 5);
  EXPECT_EQ(done->released_ipv4, 55);
  EXPECT_THAT(enis(), SizeIs(1));
  EXPECT_EQ(disagreement(), "");
}

TEST_F(PoolKeepTest, TheLastEniGoesWhenNothingIsToBeKept) {
  settings_.pool.max_idle = 0;
  ASSERT_TRUE(grow_for(10).ok());
  wait(minutes(6));
  EXPECT_EQ(kept(), 0);
  EXPECT_THAT(enis(), SizeIs(0));
  settings_.pool.min_enis = 1;
  settings_.pool.warm_up = 1;
  kept();
  wait(minutes(6));
  kept();
  EXPECT_THAT(enis(), SizeIs(1));
}

TEST_F(PoolKeepTest, TheEniWithFewestPodsIsEmptiedFirst) {
  settings_.pool.max_idle = 2;
  settings_.pool.max_ips_per_eni = 6;
  ASSERT_TRUE(grow_for(12).ok());
  start_pods(8);
  std::map<std::string, int> pods;
  for (const ipam::EniStock& eni : store_.stock().value()) {
    pods[eni.eni.id] = static_cast<int>(eni.ipv4.bound);
  }
  wait(minutes(6));
  EXPECT_EQ(kept(), 2);
  EXPECT_EQ(calls("UnassignPrivateIpAddresses"), 1U);  // two addresses of one ENI
  EXPECT_EQ(disagreement(), "");
}

TEST_F(PoolKeepTest, WhatTheKernelKnowsIsNotGivenBack) {
  settings_.pool.max_idle = 0;
  ASSERT_TRUE(grow_for(4).ok());
  const base::IpAddress known_one = store_.list().value().front().address;
  kernel_.insert(known_one);
  wait(minutes(6));
  kept();
  EXPECT_EQ(record_of(known_one.to_string()).state, ipam::State::kQuarantined);
  EXPECT_THAT(enis(), SizeIs(1));
  EXPECT_EQ(disagreement(), "");
}

TEST_F(PoolKeepTest, WhileTheCloudIsAwayNothingIsGivenBackAndPodsStart) {
  ASSERT_TRUE(grow_for(40).ok());
  start_pods(10);
  wait(minutes(6));
  cut_off();
  for (int i = 0; i < 10; ++i) {
    EXPECT_FALSE(keep().ok());
    EXPECT_NE(sync(), "");
    wait(minutes(6));
  }
  EXPECT_EQ(count_in(ipam::State::kFree), 30);
  EXPECT_EQ(count_in(ipam::State::kReserved), 0);
  EXPECT_EQ(count_in(ipam::State::kQuarantined), 0);
  EXPECT_THAT(known().intents, SizeIs(0));
  start_pods(5);
  cloud_.gateway().faults().clear();
  EXPECT_EQ(kept(), 5);  // recovers by itself
  EXPECT_EQ(disagreement(), "");
}

TEST_F(PoolKeepTest, AfterARebootWithTheCloudAwayPodsStartFromTheStore) {
  ASSERT_TRUE(grow_for(10).ok());
  start_pods(6);
  cut_off();
  store_ = ipam::Store(dir_.path() + "/state",
                       {.cooling = Millis(0), .clock = &clock_, .boot_id = "b-2"});
  EXPECT_FALSE(keep(20).ok());
  EXPECT_EQ(count_in(ipam::State::kFree), 10);  // no pod outlives a boot
  start_pods(10);
  EXPECT_EQ(start_pod("one-more"), "");
  cloud_.gateway().faults().clear();
  EXPECT_EQ(kept(1), 1);
  EXPECT_NE(start_pod("one-more"), "");
}

TEST_F(PoolKeepTest, AReleaseThatIsCutIsFinishedLater) {
  settings_.pool.max_idle = 0;
  ASSERT_TRUE(grow_for(10).ok());
  wait(minutes(6));
  lose_answers("DeleteNetworkInterface", -1);
  console({{"do", "plan_fault"}, {"kind", "detach_sticks"}, {"count", 5}});
  Duty now = duty(Millis(5'000));
  EXPECT_FALSE(keep_pool(now, 0, memory_).ok());
  EXPECT_EQ(start_pod("late"), "");  // of an ENI on its way out nobody gets an address
  cloud_.gateway().faults().clear();
  sync();
  EXPECT_THAT(enis(), SizeIs(0));
  EXPECT_THAT(known().intents, SizeIs(0));
}

TEST_F(PoolKeepTest, IdleAddressesGoBackToTheLowerBoundSomeAtATime) {
  settings_.pool.min_idle = 2;
  settings_.pool.max_idle = 20;
  settings_.pool.idle_reclaim.after = minutes(30);
  settings_.pool.idle_reclaim.batch_size = 4;
  settings_.pool.idle_reclaim.interval = minutes(10);
  ASSERT_TRUE(grow_for(15).ok());
  const int all = count_in(ipam::State::kFree);
  wait(minutes(20));
  EXPECT_EQ(kept(), all);
  wait(minutes(11));
  EXPECT_EQ(kept(), all - 4);
  EXPECT_EQ(kept(), all - 4);
  wait(minutes(12));
  EXPECT_EQ(kept(), all - 8);
  for (int i = 0; i < 4; ++i) {
    wait(minutes(12));
    kept();
  }
  EXPECT_EQ(kept(), 2);
  EXPECT_EQ(disagreement(), "");
}

TEST_F(PoolKeepTest, SomebodyWhoWaitsForAddressesIsLetThrough) {
  settings_.pool.max_idle = 0;
  ASSERT_TRUE(grow_for(40).ok());
  wait(minutes(6));
  Duty now = duty();
  now.give_way_when([] { return true; });
  const auto interrupted = keep_pool(now, 0, memory_);
  ASSERT_FALSE(interrupted.ok());
  EXPECT_THAT(interrupted.error().text(), testing::HasSubstr("what pods wait for"));
  ASSERT_TRUE(grow_for(3).ok());
  sync();
  EXPECT_THAT(known().intents, SizeIs(0));
  EXPECT_EQ(disagreement(), "");
}

class PoolKeepBlocksTest : public PoolTest {
 protected:
  PoolKeepBlocksTest() : PoolTest(scene_with_blocks()) { settings_.pool.use_prefixes = true; }
};

TEST_F(PoolKeepBlocksTest, BlocksAreThereFromTheBeginning) {
  settings_.pool.ipv4_prefixes = 2;
  ASSERT_TRUE(keep().ok());
  EXPECT_THAT(enis().front()["ipv4Prefixes"], SizeIs(2));
  wait(minutes(6));
  const std::uint64_t before = all_calls();
  ASSERT_TRUE(keep().ok());
  EXPECT_EQ(all_calls(), before);
}

TEST_F(PoolKeepBlocksTest, BlocksGoBackAsAWholeOnceNoPodHasAnAddressOfThem) {
  ASSERT_TRUE(grow_for(60).ok());
  EXPECT_THAT(enis().front()["ipv4Prefixes"], SizeIs(4));
  start_pods(1);
  wait(minutes(6));
  const auto done = keep();
  ASSERT_TRUE(done.ok()) << text_of(done);
  EXPECT_EQ(done->released_ipv4 % 16, 0);
  EXPECT_EQ(done->idle, 64 - done->released_ipv4);
  EXPECT_LT(done->idle, 5 + 16);
  EXPECT_EQ(sync(), "");
  EXPECT_EQ(count_in(ipam::State::kFree), done->idle);
}

class PoolKeepDualTest : public PoolKeepTest {
 protected:
  PoolKeepDualTest() {
    settings_.pool.ipv6 = true;
    settings_.pool.min_idle = 2;
  }
};

TEST_F(PoolKeepDualTest, BothFamiliesComeAndGoTogether) {
  EXPECT_EQ(kept(), 2);
  EXPECT_EQ(kept(10), 12);
  EXPECT_EQ(count_in(ipam::State::kFree), 24);
  wait(minutes(6));
  EXPECT_EQ(kept(), 5);
  EXPECT_EQ(count_in(ipam::State::kFree), 10);
  EXPECT_EQ(disagreement(), "");
}

}  // namespace
}  // namespace catena::agent
