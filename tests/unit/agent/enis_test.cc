// describe, grow, release and recover.
#include "tests/unit/agent/agent_fixture.h"

namespace catena::agent {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

using EnisTest = AgentTest;

TEST_F(EnisTest, DescribeShowsInstanceLimitsEnisAndStore) {
  const ipam::Eni eni = grown(2);
  Duty now = duty();
  const auto described = describe(now);
  ASSERT_TRUE(described.ok()) << described.error().text();
  EXPECT_EQ((*described)["instance"]["id"], instance());
  EXPECT_EQ((*described)["limits"]["enis"], 4);
  EXPECT_EQ((*described)["limits"]["ipv4PerEni"], 15);
  EXPECT_THAT((*described)["enis"], SizeIs(2));
  EXPECT_THAT((*described)["vswitches"], SizeIs(1));
  EXPECT_EQ((*described)["store"]["enis"][0]["id"], eni.id);
  EXPECT_EQ((*described)["store"]["intents"], nlohmann::json::array());
}

TEST_F(EnisTest, ANewEniIsTaggedAttachedAndInTheStoreWithItsAddresses) {
  const ipam::Eni eni = grown(3, 1);
  ASSERT_THAT(enis(), SizeIs(1));
  const nlohmann::json made = enis().front();
  EXPECT_EQ(made["instance"], instance());
  EXPECT_EQ(made["state"], "InUse");
  EXPECT_EQ(made["deleteOnRelease"], true);
  EXPECT_EQ(made["tags"]["catena-owner"], "catena");
  EXPECT_EQ(made["tags"]["catena-cluster"], "c-test");
  EXPECT_EQ(made["tags"]["catena-node"], instance());
  EXPECT_TRUE(made["tags"].contains("catena-intent"));
  ASSERT_THAT(known().enis, SizeIs(1));
  EXPECT_EQ(known().enis[0].gateway.to_string(), "192.168.15.253");
  EXPECT_EQ(known().enis[0].prefix_length, 20);
  EXPECT_EQ(known().enis[0].mac.to_string(), made["mac"]);
  EXPECT_EQ(known().enis[0].address, eni.address);
  EXPECT_THAT(known().intents, SizeIs(0));
  const auto addresses = store_.list().value();
  EXPECT_THAT(addresses, SizeIs(5));  // the primary one, three, and one of IPv6
  for (const ipam::Record& record : addresses) {
    EXPECT_EQ(record.pool, eni.id);
    EXPECT_EQ(record.state, ipam::State::kFree);
  }
}

TEST_F(EnisTest, MoreThanTheInstanceTypeAllowsIsRefusedWithoutAskingTheCloud) {
  for (int i = 0; i < 3; ++i) {
    grown();
  }
  Duty now = duty();
  const auto fourth = grow(now, request_for(0, 0));
  ASSERT_FALSE(fourth.ok());
  EXPECT_THAT(fourth.error().text(), HasSubstr("5 wanted, ecs.g7.xlarge allows 4"));
  const auto addresses = grow(now, request_for(15, 0, known().enis[0].id));
  ASSERT_FALSE(addresses.ok());
  EXPECT_THAT(addresses.error().text(), HasSubstr("16 wanted, ecs.g7.xlarge allows 15"));
  EXPECT_EQ(calls("CreateNetworkInterface"), 3U);
  EXPECT_EQ(calls("AssignPrivateIpAddresses"), 0U);
  EXPECT_THAT(known().intents, SizeIs(0));
}

TEST_F(EnisTest, AFullVSwitchIsLeftForTheNextOne) {
  scene_.vswitches[0].id = settings_.vswitches.front();
  settings_.vswitches = {scene_.vswitches[0].id, scene_.vswitches[0].id};
  settings_.vswitch_policy = cloud::VSwitchPolicy::kOrdered;
  refuse("CreateNetworkInterface", 403, "InvalidVSwitchId.IpNotEnough");
  grown(1);
  EXPECT_EQ(calls("CreateNetworkInterface"), 2U);
  EXPECT_THAT(known().intents, SizeIs(0));
}

TEST_F(EnisTest, WithNoAddressLeftAnywhereNothingIsSent) {
  console({{"do", "take_addresses"}, {"vswitch", settings_.vswitches.front()}, {"leave", 2}});
  Duty now = duty();
  const auto full = grow(now, request_for(5, 0));
  ASSERT_FALSE(full.ok());
  EXPECT_TRUE(full.error().is(base::ErrorKind::kTryAgain));
  EXPECT_THAT(full.error().text(), HasSubstr("has 2 addresses left"));
  EXPECT_THAT(full.error().advice(), HasSubstr("eni.conf"));
  EXPECT_EQ(calls("CreateNetworkInterface"), 0U);
}

TEST_F(EnisTest, AnEniThatCantBeAttachedIsDeletedAgain) {
  refuse("AttachNetworkInterface", 403, "EniPerInstanceLimitExceeded");
  Duty now = duty();
  const auto refused = grow(now, request_for(0, 0));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), "EniPerInstanceLimitExceeded");
  EXPECT_THAT(enis(), SizeIs(0));
  EXPECT_THAT(known().intents, SizeIs(0));
  EXPECT_THAT(known().enis, SizeIs(0));
}

TEST_F(EnisTest, AnAttachThatFallsBackIsTriedAgain) {
  console({{"do", "plan_fault"}, {"kind", "attach_fails"}, {"count", 2}});
  grown();
  EXPECT_EQ(calls("AttachNetworkInterface"), 3U);
  EXPECT_EQ(enis().front()["state"], "InUse");
}

TEST_F(EnisTest, WhenNoAnswerComesTheIntentStaysAndRecoverFindsWhatWasMade) {
  lose_answers("CreateNetworkInterface", -1);
  Duty now = duty(Millis(20'000));
  const auto lost = grow(now, request_for(2, 0));
  ASSERT_FALSE(lost.ok());
  EXPECT_TRUE(lost.error().is(base::ErrorKind::kTryAgain));
  ASSERT_THAT(known().intents, SizeIs(1));
  EXPECT_THAT(enis(), SizeIs(1));
  cloud_.gateway().faults().clear();
  Duty later = duty();
  const auto recovered = recover(later);
  ASSERT_TRUE(recovered.ok() && recovered->left.empty());
  EXPECT_THAT(enis(), SizeIs(1));
  EXPECT_EQ(enis().front()["state"], "InUse");
  EXPECT_THAT(known().intents, SizeIs(0));
  EXPECT_THAT(store_.list().value(), SizeIs(3));
}

TEST_F(EnisTest, AddressesComeAndGo) {
  const ipam::Eni eni = grown();
  Duty now = duty();
  const auto more = grow(now, request_for(3, 2, eni.id));
  ASSERT_TRUE(more.ok()) << more.error().text();
  EXPECT_THAT(more->addresses, SizeIs(5));
  EXPECT_THAT(store_.list().value(), SizeIs(6));
  EXPECT_EQ(text_of(release(now, {.eni = eni.id, .addresses = more->addresses})), "done");
  EXPECT_THAT(store_.list().value(), SizeIs(1));
  EXPECT_THAT(enis().front()["ipv4"], SizeIs(1));
  EXPECT_THAT(enis().front()["ipv6"], SizeIs(0));
}

TEST_F(EnisTest, ThePrimaryAddressIsNotReleasedByItself) {
  const ipam::Eni eni = grown(1);
  Duty now = duty();
  EXPECT_THAT(text_of(release(now, {.eni = eni.id, .addresses = {eni.address}})),
              HasSubstr("is the primary address of " + eni.id));
}

TEST_F(EnisTest, AReleasedEniIsGoneWithItsAddresses) {
  const ipam::Eni eni = grown(4);
  Duty now = duty();
  EXPECT_EQ(text_of(release(now, {.eni = eni.id, .addresses = {}})), "done");
  EXPECT_THAT(enis(), SizeIs(0));
  EXPECT_THAT(known().enis, SizeIs(0));
  EXPECT_THAT(store_.list().value(), SizeIs(0));
}

TEST_F(EnisTest, AnEniThatHangsIsAskedAgain) {
  const ipam::Eni eni = grown();
  console({{"do", "plan_fault"}, {"kind", "detach_sticks"}});
  console({{"do", "plan_fault"}, {"kind", "delete_sticks"}});
  Duty now = duty();
  EXPECT_EQ(text_of(release(now, {.eni = eni.id, .addresses = {}})), "done");
  EXPECT_EQ(calls("DetachNetworkInterface"), 2U);
  EXPECT_EQ(calls("DeleteNetworkInterface"), 2U);
}

TEST_F(EnisTest, AnOrphanOfOursIsDeletedWhenItIsOldAndNotBefore) {
  cloud::CreateNetworkInterface wanted;
  wanted.vswitch_id = settings_.vswitches.front();
  wanted.security_group_ids = settings_.security_groups;
  wanted.tags = {{kOwnerTag, kOwner}, {kClusterTag, "c-test"}, {kNodeTag, instance()}};
  ASSERT_TRUE(cloud::create_network_interface(client_, wanted).ok());
  wanted.tags[1].value = "another-cluster";
  ASSERT_TRUE(cloud::create_network_interface(client_, wanted).ok());
  Duty young = duty();
  ASSERT_TRUE(recover(young).ok());
  EXPECT_THAT(enis(), SizeIs(2));
  pace_.sleep(std::chrono::minutes(11));
  Duty old = duty();
  const auto recovered = recover(old);
  ASSERT_TRUE(recovered.ok());
  EXPECT_THAT(recovered->done, testing::ElementsAre(HasSubstr("orphan")));
  ASSERT_THAT(enis(), SizeIs(1));
  EXPECT_EQ(enis().front()["tags"]["catena-cluster"], "another-cluster");
}

TEST_F(EnisTest, AnOrphanOfAnotherNodeGoesOnlyWhenThatNodeIsGone) {
  cloud::CreateNetworkInterface wanted;
  wanted.vswitch_id = settings_.vswitches.front();
  wanted.security_group_ids = settings_.security_groups;
  wanted.tags = {{kOwnerTag, kOwner}, {kClusterTag, "c-test"}, {kNodeTag, other_instance()}};
  ASSERT_TRUE(cloud::create_network_interface(client_, wanted).ok());
  pace_.sleep(std::chrono::minutes(11));
  Duty now = duty();
  ASSERT_TRUE(recover(now).ok());
  EXPECT_THAT(enis(), SizeIs(1));
  console({{"do", "terminate_instance"}, {"instance", other_instance()}});
  Duty later = duty();
  ASSERT_TRUE(recover(later).ok());
  EXPECT_THAT(enis(), SizeIs(0));
}

TEST_F(EnisTest, AnAttachedEniOfOursIsAdoptedByAStoreThatLostIt) {
  const ipam::Eni eni = grown(2);
  ASSERT_TRUE(store_
                  .change({.drop_enis = {eni.id},
                           .drop_addresses = {store_.list().value()[0].address,
                                              store_.list().value()[1].address,
                                              store_.list().value()[2].address}})
                  .ok());
  Duty now = duty();
  const auto recovered = recover(now);
  ASSERT_TRUE(recovered.ok() && recovered->left.empty());
  ASSERT_THAT(known().enis, SizeIs(1));
  EXPECT_EQ(known().enis[0].id, eni.id);
  EXPECT_EQ(known().enis[0].mode, "shared");
  EXPECT_EQ(known().enis[0].gateway, eni.gateway);
  EXPECT_THAT(store_.list().value(), SizeIs(3));
}

TEST_F(EnisTest, WithoutRightsTheErrorSaysWhich) {
  refuse("CreateNetworkInterface", 403, "Forbidden.RAM", -1);
  Duty now = duty();
  const auto refused = grow(now, request_for(0, 0));
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().text(), HasSubstr("CreateNetworkInterface"));
  EXPECT_EQ(refused.error().code(), "Forbidden.RAM");
  EXPECT_FALSE(refused.error().advice().empty());
}

TEST_F(EnisTest, AnIntentOfALaterReleaseIsLeftAndReported) {
  ipam::Intent intent;
  intent.key = "t-1";
  intent.action = "fly";
  ASSERT_TRUE(store_.change({.put_intents = {intent}}).ok());
  Duty now = duty();
  const auto recovered = recover(now);
  ASSERT_TRUE(recovered.ok());
  ASSERT_THAT(recovered->left, SizeIs(1));
  EXPECT_THAT(recovered->left[0].text(), HasSubstr("an intent 'fly' of another release"));
  EXPECT_THAT(known().intents, SizeIs(1));
}

}  // namespace
}  // namespace catena::agent
