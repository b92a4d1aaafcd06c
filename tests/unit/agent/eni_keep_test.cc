// eni.keep, and what pool.sync does about ENIs that pods have as a whole.
#include "agent/agreement.h"
#include "tests/unit/agent/exclusive_fixture.h"

namespace catena::agent {
namespace {

using std::chrono::minutes;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

class EniKeepTest : public ExclusiveTest {
 protected:
  using ExclusiveTest::ExclusiveTest;
  std::string sync() {
    Duty now = duty(minutes(5));
    const auto synced = sync_pool(now);
    notices_ = now.take_notices();
    if (!synced.ok() || !synced->left.empty()) {
      return synced.ok() ? synced->left.front().text() : synced.error().text();
    }
    return base::join(synced->done, "; ");
  }
};

TEST_F(EniKeepTest, WithoutBoundsNothingIsKeptAndNobodyIsAsked) {
  EXPECT_EQ(kept(), 0);
  EXPECT_EQ(all_calls(), 0U);
}

TEST_F(EniKeepTest, AnEniThatNoPodHadForTenMinutesIsDetachedAndDeleted) {
  ASSERT_TRUE(grow_enis_for(1).ok());
  start_eni_pod("web");
  wait(minutes(30));
  EXPECT_EQ(kept(), 0);
  EXPECT_THAT(enis(), SizeIs(1)) << "a pod has it";
  end_eni_pod("web");
  wait(minutes(9));
  EXPECT_EQ(kept(), 1);
  wait(minutes(2));
  EXPECT_EQ(kept(), 0);
  EXPECT_THAT(enis(), SizeIs(0));
  EXPECT_THAT(store_.list().value(), SizeIs(0));
}

TEST_F(EniKeepTest, AnEniWhoseAddressCoolsIsLeftUntilItHasCooled) {
  settings_.pool.idle_enis.reclaim_after = Millis(1'000);
  ipam::Store cooling(dir_.path() + "/state", {.clock = &clock_, .boot_id = "b-1"});
  ASSERT_TRUE(grow_enis_for(1).ok());
  start_eni_pod("web");
  end_eni_pod("web");
  const auto kept_on = [&] {
    Duty now = duty_on(cooling);
    const auto done = keep_exclusive(now);
    EXPECT_TRUE(done.ok()) << text_of(done);
    return done.ok() ? done->released.size() : 99;
  };
  pace_.sleep(std::chrono::seconds(5));
  EXPECT_EQ(kept_on(), 0U);
  pace_.sleep(std::chrono::seconds(31));
  EXPECT_EQ(kept_on(), 1U);
  EXPECT_THAT(enis(), SizeIs(0));
}

TEST_F(EniKeepTest, PodsThatFollowOneAnotherUseOneEniAndCostNoCall) {
  ASSERT_TRUE(grow_enis_for(1).ok());
  const std::uint64_t before = all_calls();
  for (int i = 0; i < 10; ++i) {
    const std::string name = "job-" + std::to_string(i);
    EXPECT_NE(start_eni_pod(name), "");
    wait(minutes(20));
    kept();
    end_eni_pod(name);
    wait(minutes(5));
    kept();
  }
  EXPECT_EQ(all_calls(), before);
}

TEST_F(EniKeepTest, SoManyIdleOnesAreThereFromTheBeginning) {
  settings_.pool.idle_enis = {.min = 1, .max = 2};
  EXPECT_EQ(kept(), 1);
  start_eni_pod("web");
  EXPECT_EQ(kept(), 1);
  EXPECT_THAT(enis(), SizeIs(2));
  end_eni_pod("web");
  wait(minutes(30));
  EXPECT_EQ(kept(), 2) << "no more than may be kept";
  ASSERT_TRUE(grow_enis_for(3).ok());
  wait(minutes(11));
  EXPECT_EQ(kept(), 2);
}

TEST_F(EniKeepTest, TheOneIdleForLongestGoesFirst) {
  settings_.pool.idle_enis.max = 1;
  ASSERT_TRUE(grow_enis_for(2).ok());
  const std::string first = start_eni_pod("a");
  const std::string second = start_eni_pod("b");
  end_eni_pod("b");
  wait(minutes(5));
  end_eni_pod("a");
  wait(minutes(11));
  kept();
  ASSERT_THAT(known().enis, SizeIs(1));
  EXPECT_EQ(known().enis.front().id, first);
  EXPECT_NE(first, second);
}

TEST_F(EniKeepTest, AnEniWhoseNicIsNotAtHomeIsNeitherGivenOutNorBack) {
  ASSERT_TRUE(grow_enis_for(1).ok());
  away_.insert(known().enis.front().mac.to_string());
  wait(minutes(30));
  EXPECT_EQ(kept(), 0);
  EXPECT_THAT(enis(), SizeIs(1));
  EXPECT_THAT(notices_, ElementsAre(HasSubstr("is not in the node's own network namespace")));
}

TEST_F(EniKeepTest, WhileTheCloudDoesNotAnswerNothingIsGivenBack) {
  ASSERT_TRUE(grow_enis_for(2).ok());
  wait(minutes(30));
  cut_off();
  Duty now = duty(Millis(20'000));
  EXPECT_FALSE(keep_exclusive(now).ok());
  EXPECT_THAT(known().intents, SizeIs(0));
  EXPECT_NE(start_eni_pod("web"), "") << "pods start all the same";
}

TEST_F(EniKeepTest, ADetachThatHangsIsCarriedOnAndNobodyGetsTheEni) {
  ASSERT_TRUE(grow_enis_for(1).ok());
  wait(minutes(11));
  console({{"do", "plan_fault"}, {"kind", "detach_sticks"}, {"count", 2}});
  Duty impatient = duty(Millis(5'000));
  EXPECT_FALSE(keep_exclusive(impatient).ok());
  EXPECT_EQ(enis().front()["state"], "Detaching");
  EXPECT_EQ(start_eni_pod("web"), "");
  EXPECT_THAT(sync(), HasSubstr("is deleted"));
  EXPECT_THAT(enis(), SizeIs(0));
  EXPECT_THAT(known().enis, SizeIs(0));
}

TEST_F(EniKeepTest, APodTakesAnEniThatWasAboutToBeGivenBack) {
  ASSERT_TRUE(grow_enis_for(1).ok());
  wait(minutes(11));
  ASSERT_NE(start_eni_pod("web"), "");
  EXPECT_EQ(kept(), 0);
  EXPECT_THAT(enis(), SizeIs(1));
}

TEST_F(EniKeepTest, TheSharedPoolLeavesExclusiveEnisAlone) {
  settings_.pool.max_idle = 0;
  ASSERT_TRUE(grow_enis_for(1).ok());
  wait(minutes(30));
  ASSERT_TRUE(keep().ok());
  EXPECT_THAT(enis(), SizeIs(1));
}

TEST_F(EniKeepTest, AnEniDeletedInTheConsoleUnderItsPodIsForgottenWhenThePodEnds) {
  ASSERT_TRUE(grow_enis_for(1).ok());
  const std::string eni = start_eni_pod("web");
  console({{"do", "delete_eni"}, {"eni", eni}});
  EXPECT_THAT(sync(), HasSubstr(eni + " does not exist any more"));
  EXPECT_THAT(notices_, ElementsAre(HasSubstr("is held by pod default/web")));
  EXPECT_EQ(count_in(ipam::State::kBound), 1);
  EXPECT_EQ(store_.release_eni("web", "eth0").value().size(), 1U);
  EXPECT_THAT(sync(), HasSubstr("which is gone: forgotten"));
  EXPECT_THAT(store_.list().value(), SizeIs(0));
}

TEST_F(EniKeepTest, AnEniDetachedInTheConsoleUnderItsPodIsAttachedAgainForTheNextOne) {
  ASSERT_TRUE(grow_enis_for(1).ok());
  const std::string eni = start_eni_pod("web");
  console({{"do", "detach_eni"}, {"eni", eni}});
  EXPECT_THAT(sync(), HasSubstr(eni + " was detached by somebody else"));
  EXPECT_THAT(notices_, ElementsAre(HasSubstr("default/web has lost its network")));
  EXPECT_EQ(enis().front()["state"], "InUse");
  EXPECT_EQ(count_in(ipam::State::kBound), 1);
  end_eni_pod("web");
  EXPECT_EQ(start_eni_pod("next"), eni);
}

TEST_F(EniKeepTest, AnIdleEniDetachedInTheConsoleIsDeleted) {
  ASSERT_TRUE(grow_enis_for(1).ok());
  const std::string eni = known().enis.front().id;
  console({{"do", "detach_eni"}, {"eni", eni}});
  EXPECT_THAT(sync(), HasSubstr("is deleted"));
  EXPECT_THAT(enis(), SizeIs(0));
  EXPECT_THAT(known().enis, SizeIs(0));
}

TEST_F(EniKeepTest, AfterARebootTheEnisThatAreStillAttachedServeAgain) {
  ASSERT_TRUE(grow_enis_for(2).ok());
  start_eni_pod("a");
  start_eni_pod("b");
  away_.clear();
  ipam::Store rebooted(dir_.path() + "/state",
                       {.cooling = Millis(0), .clock = &clock_, .boot_id = "b-2"});
  const std::uint64_t before = all_calls();
  Duty now = duty_on(rebooted);
  const auto grown = grow_exclusive(now, {.enis = 2});
  ASSERT_TRUE(grown.ok()) << text_of(grown);
  EXPECT_EQ(grown->idle, 2);
  EXPECT_EQ(all_calls(), before);
}

TEST_F(EniKeepTest, AnEniThatTheKernelKnewIsFreeAgainOnceItDoesNot) {
  ASSERT_TRUE(grow_enis_for(1).ok());
  const base::IpAddress address = known().enis.front().address;
  kernel_.insert(address);
  EXPECT_THAT(sync(), HasSubstr("is quarantined"));
  EXPECT_EQ(start_eni_pod("web"), "");
  kernel_.clear();
  EXPECT_THAT(sync(), HasSubstr("is in use no more"));
  EXPECT_NE(start_eni_pod("web"), "");
}

}  // namespace
}  // namespace catena::agent
