// pool.sync: what others change, and what store, kernel, metadata and OpenAPI disagree about.
#include "agent/agreement.h"
#include "tests/unit/agent/pool_fixture.h"

namespace catena::agent {
namespace {

using std::chrono::minutes;
using testing::HasSubstr;
using testing::SizeIs;

using PoolSyncTest = PoolTest;

TEST_F(PoolSyncTest, WhereAllAgreeNothingIsDone) {
  ASSERT_TRUE(grow_for(8).ok());
  start_pods(3);
  EXPECT_EQ(sync(), "");
  EXPECT_EQ(disagreement(), "");
}

TEST_F(PoolSyncTest, AnEniThatSomebodyDeletedInTheConsoleIsForgotten) {
  ASSERT_TRUE(grow_for(5).ok());
  const std::string eni = known().enis[0].id;
  console({{"do", "delete_eni"}, {"eni", eni}});
  EXPECT_EQ(sync(), eni + " does not exist any more: forgotten");
  EXPECT_THAT(known().enis, SizeIs(0));
  EXPECT_THAT(store_.list().value(), SizeIs(0));
  ASSERT_TRUE(grow_for(2).ok());
}

TEST_F(PoolSyncTest, APodOfADeletedEniKeepsItsRecordUntilItEnds) {
  ASSERT_TRUE(grow_for(3).ok());
  const std::string address = start_pod("web");
  console({{"do", "delete_eni"}, {"eni", known().enis[0].id}});
  EXPECT_THAT(sync(), HasSubstr("does not exist any more"));
  EXPECT_EQ(record_of(address).state, ipam::State::kBound);
  EXPECT_EQ(start_pod("next"), "");
  end_pod("web");
  EXPECT_EQ(start_pod("next"), "");
  EXPECT_THAT(sync(), HasSubstr(address + " of eni-"));
  EXPECT_THAT(store_.list().value(), SizeIs(0));
}

TEST_F(PoolSyncTest, AnAddressUnassignedUnderAPodIsGivenToNoOtherPod) {
  ASSERT_TRUE(grow_for(2).ok());
  std::string address = start_pod("web");
  const ipam::Eni eni = known().enis[0];
  if (address == eni.address.to_string()) {
    address = start_pod("web-2");
  } else {
    start_pod("web-2");
  }
  const std::string holder = record_of(address).owner.container_id;
  console({{"do", "unassign"}, {"eni", eni.id}, {"address", address}});
  sync();
  EXPECT_EQ(record_of(address).state, ipam::State::kBound);
  EXPECT_EQ(record_of(address).note, kLostNote);
  end_pod(holder);
  EXPECT_EQ(start_pod("next"), "");
  EXPECT_THAT(sync(), HasSubstr("has lost " + address));
  EXPECT_EQ(disagreement(), "");
}

TEST_F(PoolSyncTest, AnAddressThatComesBackUnderItsPodIsAsItWas) {
  ASSERT_TRUE(grow_for(2).ok());
  start_pods(2);
  const ipam::Eni eni = known().enis[0];
  const auto records = store_.list().value();
  const base::IpAddress address =
      records[0].address == eni.address ? records[1].address : records[0].address;
  console({{"do", "unassign"}, {"eni", eni.id}, {"address", address.to_string()}});
  sync();
  EXPECT_EQ(record_of(address.to_string()).note, kLostNote);
  cloud::AssignAddresses again;
  again.eni_id = eni.id;
  again.addresses = {address};
  ASSERT_TRUE(cloud::assign_private_ip_addresses(client_, again).ok());
  sync();
  EXPECT_EQ(record_of(address.to_string()).note, "");
}

TEST_F(PoolSyncTest, AnEniDetachedInTheConsoleIsDeletedWhereNoPodNeedsIt) {
  ASSERT_TRUE(grow_for(3).ok());
  const std::string eni = known().enis[0].id;
  console({{"do", "detach_eni"}, {"eni", eni}});
  EXPECT_THAT(sync(), HasSubstr(eni + " was detached by somebody else"));
  EXPECT_THAT(enis(), SizeIs(0));
  EXPECT_THAT(store_.list().value(), SizeIs(0));
}

TEST_F(PoolSyncTest, AnEniDetachedUnderItsPodsIsAttachedAgain) {
  ASSERT_TRUE(grow_for(3).ok());
  start_pods(2);
  const ipam::Eni before = known().enis[0];
  console({{"do", "detach_eni"}, {"eni", before.id}});
  EXPECT_THAT(sync(), HasSubstr("is in use"));
  ASSERT_THAT(enis(), SizeIs(1));
  EXPECT_EQ(enis().front()["state"], "InUse");
  EXPECT_EQ(known().enis[0].state, ipam::EniState::kInUse);
  EXPECT_EQ(known().enis[0].slot, before.slot);
  EXPECT_EQ(known().enis[0].gateway, before.gateway);
  EXPECT_EQ(disagreement(), "");
}

TEST_F(PoolSyncTest, AnAddressAddedInTheConsoleIsUsed) {
  ASSERT_TRUE(grow_for(1).ok());
  console({{"do", "assign"}, {"eni", known().enis[0].id}, {"count", 2}});
  EXPECT_THAT(sync(), HasSubstr("which the store did not know"));
  EXPECT_EQ(count_in(ipam::State::kFree), 3);
}

TEST_F(PoolSyncTest, WhatTheKernelKnowsOfAFreeAddressKeepsItFromPodsUntilItIsGone) {
  ASSERT_TRUE(grow_for(1).ok());
  const base::IpAddress address = store_.list().value().front().address;
  kernel_.insert(address);
  EXPECT_THAT(sync(), HasSubstr(address.to_string() + " is quarantined: in use on this node"));
  EXPECT_EQ(start_pod("web"), "");
  kernel_.clear();
  EXPECT_THAT(sync(), HasSubstr("free again"));
  EXPECT_EQ(start_pod("web"), address.to_string());
}

TEST_F(PoolSyncTest, WhatTheMetadataServiceDoesNotKnowForLongIsQuarantinedUntilItDoes) {
  ASSERT_TRUE(grow_for(3).ok());
  wait(minutes(1));
  console({{"do", "configure"}, {"lags", {{"metadata", 600'000}}}});
  ASSERT_TRUE(grow_for(5).ok());
  EXPECT_THAT(sync(), HasSubstr("quarantined: the metadata service does not know it"));
  EXPECT_EQ(count_in(ipam::State::kQuarantined), 2);
  EXPECT_EQ(count_in(ipam::State::kFree), 3);
  wait(minutes(11));
  EXPECT_THAT(sync(), HasSubstr("is known to the metadata service again"));
  EXPECT_EQ(count_in(ipam::State::kFree), 5);
}

TEST_F(PoolSyncTest, WithoutTheMetadataServiceNothingIsDoubted) {
  ASSERT_TRUE(grow_for(3).ok());
  console({{"do", "set_metadata"}, {"instance", instance()}, {"enabled", false}});
  sync();
  EXPECT_EQ(count_in(ipam::State::kFree), 3);
}

TEST_F(PoolSyncTest, AReinstalledNodeAdoptsItsEnisAndSparesTheAddressesOfRunningPods) {
  ASSERT_TRUE(grow_for(10).ok());
  const std::string running = start_pod("web");
  kernel_.insert(base::IpAddress::parse(running).value());
  const ipam::Eni before = known().enis[0];
  store_ = ipam::Store(dir_.path() + "/anew",
                       {.cooling = Millis(0), .clock = &clock_, .boot_id = "b-1"});
  EXPECT_THAT(sync(), HasSubstr(before.id + ", which the store did not know, adopted"));
  ASSERT_THAT(known().enis, SizeIs(1));
  EXPECT_EQ(known().enis[0].mac, before.mac);
  EXPECT_EQ(record_of(running).state, ipam::State::kQuarantined);
  EXPECT_EQ(count_in(ipam::State::kFree), 9);
  EXPECT_EQ(disagreement(), "");
  // Nor are they given back as a surplus.
  settings_.pool.max_idle = 0;
  wait(minutes(6));
  EXPECT_TRUE(keep().ok());
  EXPECT_EQ(record_of(running).state, ipam::State::kQuarantined);
}

TEST_F(PoolSyncTest, AnOrphanOfOursIsDeletedOnceItIsOld) {
  cloud::CreateNetworkInterface wanted;
  wanted.vswitch_id = settings_.vswitches.front();
  wanted.security_group_ids = settings_.security_groups;
  wanted.tags = {{kOwnerTag, kOwner}, {kClusterTag, "c-test"}, {kNodeTag, instance()}};
  ASSERT_TRUE(cloud::create_network_interface(client_, wanted).ok());
  EXPECT_EQ(sync(), "");
  EXPECT_THAT(enis(), SizeIs(1));
  wait(minutes(11));
  EXPECT_THAT(sync(), HasSubstr("orphan"));
  EXPECT_THAT(enis(), SizeIs(0));
}

TEST_F(PoolSyncTest, OneEniThatCannotBeComparedIsNoReasonToLeaveTheOthers) {
  settings_.pool.max_ips_per_eni = 2;
  ASSERT_TRUE(grow_for(4).ok());
  ASSERT_THAT(known().enis, SizeIs(2));
  console({{"do", "assign"}, {"eni", known().enis[1].id}, {"count", 1}});
  refuse("DescribeNetworkInterfaceAttribute", 403, "Forbidden.RAM");
  EXPECT_THAT(sync(), HasSubstr("Forbidden.RAM"));
  EXPECT_EQ(count_in(ipam::State::kFree), 5);
}

class LateCloudTest : public PoolTest {
 protected:
  LateCloudTest() : PoolTest(scene_of("ecs.g7.4xlarge", false)) {}
};

TEST_F(LateCloudTest, WhatIsNotVisibleYetIsNeitherGoneNorInDoubt) {
  for (int i = 1; i <= 6; ++i) {
    ASSERT_TRUE(grow_for(7 * i).ok());
    EXPECT_EQ(sync(), "") << i;  // right after the change
    EXPECT_EQ(count_in(ipam::State::kFree), 7 * i);
    EXPECT_EQ(count_in(ipam::State::kQuarantined), 0);
  }
  EXPECT_EQ(disagreement(), "");
}

}  // namespace
}  // namespace catena::agent
