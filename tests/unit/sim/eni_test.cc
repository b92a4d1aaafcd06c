// ENIs: made, attached, detached, deleted, and all the ways in which the cloud says no.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sim/cloud_fixture.h"

namespace catena {
namespace {

using nlohmann::json;
using test::Cloud;
using test::instant_scene;
using test::node;
using test::pair_of;
using test::Parameters;
using test::vswitch;

TEST(SimEni, GoesThroughEveryStateAndIsGone) {
  sim::Scene scene = instant_scene(1);
  const sim::TimeRange second{sim::Millis{1000}, sim::Millis{1000}};
  scene.delays.attach = second;
  scene.delays.detach = second;
  scene.delays.delete_eni = second;
  Cloud cloud(scene);
  const std::string eni = cloud.create_eni();
  EXPECT_EQ(cloud.state_of(eni), "Available");
  cloud.ok("ecs/AttachNetworkInterface", pair_of(eni, node(1)));
  EXPECT_EQ(cloud.state_of(eni), "Attaching");
  cloud->advance(sim::Millis{999});
  EXPECT_EQ(cloud.state_of(eni), "Attaching");
  cloud->advance(sim::Millis{1});
  EXPECT_EQ(cloud.state_of(eni), "InUse");
  EXPECT_EQ(cloud.eni(eni)["instance"], node(1));
  cloud.ok("ecs/DetachNetworkInterface", pair_of(eni, node(1)));
  EXPECT_EQ(cloud.state_of(eni), "Detaching");
  cloud.ok("ecs/DetachNetworkInterface", pair_of(eni, node(1)));
  cloud->advance(sim::Millis{1000});
  EXPECT_EQ(cloud.state_of(eni), "Available");
  EXPECT_EQ(cloud.eni(eni)["instance"], "");
  cloud.ok("ecs/DeleteNetworkInterface", {{"NetworkInterfaceId", eni}});
  EXPECT_EQ(cloud.state_of(eni), "Deleting");
  cloud.ok("ecs/DeleteNetworkInterface", {{"NetworkInterfaceId", eni}});
  cloud->advance(sim::Millis{1000});
  EXPECT_EQ(cloud.state_of(eni), "gone");
  EXPECT_EQ(cloud.code("ecs/DeleteNetworkInterface", {{"NetworkInterfaceId", eni}}),
            "InvalidEniId.NotFound");
  EXPECT_TRUE(cloud->orphans().empty());
}

TEST(SimEni, DelaysOfTheDefaultSceneStayInTheirRanges) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    sim::Scene scene = sim::default_scene(1);
    scene.seed = seed;
    Cloud cloud(scene);
    const std::string eni = cloud.create_eni();
    cloud->advance(cloud->answer_after());
    const sim::Time start = cloud->now();
    cloud.ok("ecs/AttachNetworkInterface", pair_of(eni, node(1)));
    const sim::Millis call = cloud->answer_after();
    EXPECT_GE(call.count(), 500);
    EXPECT_LE(call.count(), 3000);
    while (cloud.state_of(eni) == "Attaching") {
      ASSERT_TRUE(cloud->next_due().has_value());
      cloud->advance_to(*cloud->next_due());
    }
    const auto took = (cloud->now() - start - call).count();
    EXPECT_GE(took, 1000) << "seed " << seed;
    EXPECT_LE(took, 6000) << "seed " << seed;
  }
}

TEST(SimEni, WrongStatesAreRefused) {
  sim::Scene scene = instant_scene(2);
  scene.delays.attach = {sim::Millis{1000}, sim::Millis{1000}};
  Cloud cloud(scene);
  const std::string eni = cloud.create_eni();
  const auto state = "InvalidOperation.InvalidEniState";
  EXPECT_EQ(cloud.code("ecs/DetachNetworkInterface", pair_of(eni, node(1))), state);
  cloud.ok("ecs/AttachNetworkInterface", pair_of(eni, node(1)));
  const sim::Refusal refusal = cloud.refused("ecs/AttachNetworkInterface", pair_of(eni, node(1)));
  EXPECT_EQ(refusal.code, state);
  EXPECT_EQ(refusal.status, 400);
  EXPECT_THAT(refusal.message, testing::HasSubstr("Expecting status is Available"));
  EXPECT_EQ(cloud.code("ecs/DetachNetworkInterface", pair_of(eni, node(1))), state);
  EXPECT_EQ(cloud.code("ecs/DeleteNetworkInterface", {{"NetworkInterfaceId", eni}}), state);
  EXPECT_EQ(cloud.code("ecs/AssignPrivateIpAddresses",
                       {{"NetworkInterfaceId", eni}, {"SecondaryPrivateIpAddressCount", "1"}}),
            state);
  cloud.settle();
  EXPECT_EQ(cloud.code("ecs/DeleteNetworkInterface", {{"NetworkInterfaceId", eni}}), state);
}

TEST(SimEni, WhatDoesNotExistIsNotFound) {
  Cloud cloud(instant_scene(1));
  const std::string eni = cloud.create_eni();
  EXPECT_EQ(cloud.refused("ecs/AttachNetworkInterface", pair_of("eni-none", node(1))).status, 404);
  EXPECT_EQ(cloud.code("ecs/AttachNetworkInterface", pair_of(eni, "i-none")),
            "InvalidEcsId.NotFound");
  EXPECT_EQ(cloud.code("ecs/DetachNetworkInterface", pair_of(eni, "i-none")),
            "InvalidEcsId.NotFound");
  EXPECT_EQ(cloud.code("ecs/CreateNetworkInterface",
                       {{"VSwitchId", "vsw-none"}, {"SecurityGroupId", test::kGroup}}),
            "InvalidVSwitchId.NotFound");
  EXPECT_EQ(cloud.code("ecs/CreateNetworkInterface",
                       {{"VSwitchId", vswitch('h')}, {"SecurityGroupId", "sg-none"}}),
            "InvalidSecurityGroupId.NotFound");
  EXPECT_EQ(cloud.code("ecs/NoSuchAction", {}), "InvalidAction.NotFound");
}

TEST(SimEni, MissingAndBadParametersAreNamed) {
  Cloud cloud(instant_scene(1));
  EXPECT_THAT(cloud.refused("ecs/AttachNetworkInterface", {{"InstanceId", "i"}}).message,
              testing::HasSubstr("NetworkInterfaceId"));
  EXPECT_EQ(cloud.code("ecs/CreateNetworkInterface", {{"VSwitchId", vswitch('h')}}),
            "MissingParameter");
  const auto refused = [&](const Parameters& more) {
    Parameters parameters{{"VSwitchId", vswitch('h')}, {"SecurityGroupId", test::kGroup}};
    parameters.insert(more.begin(), more.end());
    return cloud.code("ecs/CreateNetworkInterface", parameters);
  };
  EXPECT_EQ(refused({{"RegionId", "cn-nowhere"}}), "InvalidRegionId.NotFound");
  EXPECT_EQ(refused({{"NetworkInterfaceName", "1abc"}}), "InvalidParameter");
  EXPECT_EQ(refused({{"NetworkInterfaceName", "a"}}), "InvalidParameter");
  EXPECT_EQ(refused({{"NetworkInterfaceName", std::string(129, 'a')}}), "InvalidParameter");
  EXPECT_EQ(refused({{"Description", "https://x"}}), "InvalidParameter");
  EXPECT_EQ(refused({{"SecondaryPrivateIpAddressCount", "50"}}), "InvalidParameter");
  EXPECT_EQ(refused({{"SecondaryPrivateIpAddressCount", "many"}}), "InvalidParameter");
  EXPECT_EQ(
      refused({{"SecondaryPrivateIpAddressCount", "1"}, {"PrivateIpAddress.1", "192.168.0.9"}}),
      "InvalidParameter.Conflict");
  EXPECT_EQ(refused({{"SecurityGroupIds.1", test::kGroup}}), "InvalidParameter.Conflict");
  EXPECT_EQ(refused({{"Tag.1.Key", "acs:x"}}), "InvalidTagKey.Malformed");
  EXPECT_EQ(refused({{"Tag.1.Key", "a"}, {"Tag.1.Value", "http://b"}}),
            "InvalidTagValue.Malformed");
  EXPECT_EQ(refused({{"Tag.1.Key", "a"}, {"Tag.2.Key", "a"}}), "Duplicate.TagKey");
  Parameters many;
  for (int i = 1; i <= 21; ++i) {
    many["Tag." + std::to_string(i) + ".Key"] = "k" + std::to_string(i);
  }
  EXPECT_EQ(refused(many), "QuotaExceed.Tags");
}

TEST(SimEni, InstanceTypeBoundsTheEnisOfAnInstance) {
  Cloud cloud(instant_scene(1));
  for (int i = 0; i < 3; ++i) {  // ecs.g7.xlarge: 4, the primary one included
    cloud.attached_eni(node(1));
  }
  const std::string one_more = cloud.create_eni();
  EXPECT_EQ(cloud.refused("ecs/AttachNetworkInterface", pair_of(one_more, node(1))).status, 403);
  EXPECT_EQ(cloud.code("ecs/AttachNetworkInterface", pair_of(one_more, node(1))),
            "EniPerInstanceLimitExceeded");
}

TEST(SimEni, AnEniWithMoreAddressesThanTheTypeTakesIsNotAttached) {
  sim::Scene scene = instant_scene(1);
  scene.instances[0].type = "ecs.g6.large";  // 6 IPv4, 1 IPv6
  Cloud cloud(scene);
  const std::string eni = cloud.create_eni({{"SecondaryPrivateIpAddressCount", "6"}});
  EXPECT_EQ(cloud.code("ecs/AttachNetworkInterface", pair_of(eni, node(1))),
            "InvalidOperation.Ipv4CountExceeded");
  const std::string six = cloud.create_eni({{"Ipv6AddressCount", "2"}});
  EXPECT_EQ(cloud.code("ecs/AttachNetworkInterface", pair_of(six, node(1))),
            "InvalidOperation.Ipv6CountExceeded");
}

TEST(SimEni, RegionQuotaCountsSecondaryEnisOnly) {
  sim::Scene scene = instant_scene(3);
  scene.limits.enis = 2;
  Cloud cloud(scene);
  cloud.create_eni();
  cloud.create_eni();
  EXPECT_EQ(cloud.code("ecs/CreateNetworkInterface",
                       {{"VSwitchId", vswitch('h')}, {"SecurityGroupId", test::kGroup}}),
            "MaxEniCountExceeded");
}

TEST(SimEni, PrimaryEniStays) {
  Cloud cloud(instant_scene(1));
  const std::string primary = cloud->dump()["instances"][0]["primaryEni"];
  EXPECT_EQ(cloud.code("ecs/DetachNetworkInterface", pair_of(primary, node(1))),
            "InvalidOperation.DetachPrimaryEniNotAllowed");
  EXPECT_EQ(cloud.code("ecs/DeleteNetworkInterface", {{"NetworkInterfaceId", primary}}),
            "InvalidOperation.InvalidEniState");
  EXPECT_EQ(cloud.code("ecs/AttachNetworkInterface", pair_of(primary, node(1))),
            "InvalidOperation.InvalidEniType");
}

TEST(SimEni, OtherZoneAndOtherVpcAreMismatches) {
  sim::Scene scene = instant_scene(2);
  sim::SceneVpc other;
  other.id = "vpc-other";
  other.cidr = base::Prefix::parse("10.0.0.0/8").value();
  scene.vpcs.push_back(other);
  sim::SceneVSwitch far;
  far.id = "vsw-other";
  far.vpc = other.id;
  far.zone = "cn-hangzhou-h";
  far.cidr = base::Prefix::parse("10.1.0.0/24").value();
  scene.vswitches.push_back(far);
  scene.security_groups.push_back(sim::SceneSecurityGroup{"sg-other", other.id, false});
  Cloud cloud(scene);
  const std::string in_zone_i = cloud.create_eni({{"VSwitchId", vswitch('i')}});
  EXPECT_EQ(cloud.code("ecs/AttachNetworkInterface", pair_of(in_zone_i, node(1))),
            "InvalidOperation.AvailabilityZoneMismatch");
  EXPECT_EQ(cloud.code("ecs/CreateNetworkInterface",
                       {{"VSwitchId", far.id}, {"SecurityGroupId", test::kGroup}}),
            "InvalidOperation.VpcMismatch");
  const std::string foreign =
      cloud.create_eni({{"VSwitchId", far.id}, {"SecurityGroupId", "sg-other"}});
  EXPECT_EQ(cloud.code("ecs/AttachNetworkInterface", pair_of(foreign, node(1))),
            "InvalidOperation.VpcMismatch");
}

TEST(SimEni, DetachFromAnotherInstanceSaysItDoesNotBelong) {
  Cloud cloud(instant_scene(4));
  const std::string eni = cloud.attached_eni(node(1));
  EXPECT_EQ(cloud.code("ecs/DetachNetworkInterface", pair_of(eni, node(4))),
            "InvalidParameter.EniNotBelongEcs");
}

TEST(SimEni, SomeTypesTakeEnisOnlyWhileStopped) {
  sim::Scene scene = instant_scene(1);
  scene.instances[0].type = "ecs.t6-c1m1.large";
  Cloud cloud(scene);
  const std::string eni = cloud.create_eni();
  EXPECT_EQ(cloud.code("ecs/AttachNetworkInterface", pair_of(eni, node(1))),
            "InvalidOperation.EniHotPlugNotSupported");
  cloud.console({{"do", "stop_instance"}, {"instance", node(1)}});
  cloud.settle();
  cloud.ok("ecs/AttachNetworkInterface", pair_of(eni, node(1)));
}

TEST(SimEni, AnInstanceInBetweenStatesIsRefused) {
  sim::Scene scene = instant_scene(1);
  scene.delays.stop = {sim::Millis{1000}, sim::Millis{1000}};
  Cloud cloud(scene);
  const std::string eni = cloud.create_eni();
  cloud.console({{"do", "stop_instance"}, {"instance", node(1)}});
  EXPECT_EQ(cloud.code("ecs/AttachNetworkInterface", pair_of(eni, node(1))),
            "InvalidOperation.InvalidEcsState");
}

TEST(SimEni, ServiceManagedOnesAreNotOurs) {
  sim::Scene scene = instant_scene(1);
  sim::SceneEni managed;
  managed.id = "eni-managed";
  managed.vswitch = vswitch('h');
  managed.security_groups = {test::kGroup};
  managed.service_managed = true;
  scene.enis.push_back(managed);
  Cloud cloud(scene);
  const auto code = "InvalidOperation.EniServiceManaged";
  EXPECT_EQ(cloud.code("ecs/DeleteNetworkInterface", {{"NetworkInterfaceId", managed.id}}), code);
  EXPECT_EQ(cloud.code("ecs/AttachNetworkInterface", pair_of(managed.id, node(1))), code);
  EXPECT_EQ(cloud.code("ecs/ModifyNetworkInterfaceAttribute",
                       {{"NetworkInterfaceId", managed.id}, {"NetworkInterfaceName", "mine"}}),
            code);
  EXPECT_TRUE(cloud->orphans().empty());
}

TEST(SimEni, CallsOnOneEniDoNotOverlap) {
  sim::Scene scene = instant_scene(1);
  scene.delays.eni_call = {sim::Millis{1500}, sim::Millis{1500}};
  Cloud cloud(scene);
  const std::string eni = cloud.create_eni();
  EXPECT_EQ(cloud->answer_after(), sim::Millis{1500});
  cloud->advance(cloud->answer_after());
  const Parameters one{{"NetworkInterfaceId", eni}, {"SecondaryPrivateIpAddressCount", "1"}};
  cloud.ok("ecs/AssignPrivateIpAddresses", one);
  const sim::Refusal refusal = cloud.refused("ecs/AssignPrivateIpAddresses", one);
  EXPECT_EQ(refusal.code, "Operation.Conflict");
  EXPECT_EQ(refusal.message, "ecs task is conflicted.");
  EXPECT_EQ(cloud->answer_after(), sim::Millis{0});
  EXPECT_EQ(cloud.code("ecs/AttachNetworkInterface", pair_of(eni, node(1))), "Operation.Conflict");
  cloud->advance(sim::Millis{1500});
  cloud.ok("ecs/AssignPrivateIpAddresses", one);
}

TEST(SimEni, TerminatingAnInstanceKeepsOnlyWhatIsNotReleasedWithIt) {
  Cloud cloud(instant_scene(1));
  const std::string goes = cloud.attached_eni(node(1), {{"DeleteOnRelease", "true"}});
  const std::string stays = cloud.attached_eni(node(1), {{"DeleteOnRelease", "false"}});
  const std::string primary = cloud->dump()["instances"][0]["primaryEni"];
  cloud.console({{"do", "terminate_instance"}, {"instance", node(1)}});
  EXPECT_EQ(cloud.state_of(primary), "gone");
  EXPECT_EQ(cloud.state_of(goes), "gone");
  EXPECT_EQ(cloud.state_of(stays), "Available");
  EXPECT_FALSE(cloud->instance(node(1)).has_value());
  const auto orphans = cloud->orphans();
  ASSERT_FALSE(orphans.empty());
  EXPECT_EQ(orphans[0].id, stays);
}

TEST(SimEni, ModifyReplacesGroupsAndKeepsWhatIsNotNamed) {
  sim::Scene scene = instant_scene(1);
  scene.security_groups.push_back({"sg-second", scene.vpcs[0].id, false});
  Cloud cloud(scene);
  const std::string eni = cloud.create_eni({{"NetworkInterfaceName", "first"}});
  cloud.ok("ecs/ModifyNetworkInterfaceAttribute", {{"NetworkInterfaceId", eni},
                                                   {"SecurityGroupId.1", "sg-second"},
                                                   {"SourceDestCheck", "false"},
                                                   {"DeleteOnRelease", "false"}});
  const json after = cloud.eni(eni);
  EXPECT_EQ(after["name"], "first");
  EXPECT_EQ(after["securityGroups"], json({"sg-second"}));
  EXPECT_EQ(after["sourceDestCheck"], false);
  EXPECT_EQ(after["deleteOnRelease"], false);
  EXPECT_EQ(cloud.code("ecs/ModifyNetworkInterfaceAttribute",
                       {{"NetworkInterfaceId", eni}, {"SecurityGroupId.1", "sg-none"}}),
            "InvalidSecurityGroupId.NotFound");
}

TEST(SimEni, TooManyAndTooFullGroupsAreRefused) {
  sim::Scene scene = instant_scene(0);
  scene.limits.ips_per_basic_group = 3;
  for (const char* id : {"sg-1", "sg-2", "sg-3", "sg-4", "sg-5", "sg-6"}) {
    scene.security_groups.push_back({id, scene.vpcs[0].id, false});
  }
  Cloud cloud(scene);
  Parameters many{{"VSwitchId", vswitch('h')}};
  for (int i = 1; i <= 6; ++i) {
    many["SecurityGroupIds." + std::to_string(i)] = "sg-" + std::to_string(i);
  }
  EXPECT_EQ(cloud.code("ecs/CreateNetworkInterface", many), "JoinedGroupLimitExceed");
  cloud.create_eni({{"SecurityGroupId", "sg-1"}, {"SecondaryPrivateIpAddressCount", "1"}});
  EXPECT_EQ(cloud.code("ecs/CreateNetworkInterface", {{"VSwitchId", vswitch('h')},
                                                      {"SecurityGroupId", "sg-1"},
                                                      {"SecondaryPrivateIpAddressCount", "1"}}),
            "SecurityGroupInstanceLimitExceed");
}

TEST(SimEni, MembersLiveOnATrunk) {
  Cloud cloud(instant_scene(1));
  const std::string trunk = cloud.attached_eni(node(1), {{"InstanceType", "Trunk"}});
  const std::string member = cloud.create_eni();
  Parameters attach = pair_of(member, node(1));
  attach["TrunkNetworkInstanceId"] = trunk;
  cloud.ok("ecs/AttachNetworkInterface", attach);
  cloud.settle();
  EXPECT_EQ(cloud.eni(member)["type"], "Member");
  EXPECT_EQ(cloud.code("ecs/DetachNetworkInterface", pair_of(trunk, node(1))),
            "InvalidOperation.HasMemberEniAttached");
  Parameters detach = pair_of(member, node(1));
  detach["TrunkNetworkInstanceId"] = trunk;
  cloud.ok("ecs/DetachNetworkInterface", detach);
  cloud.settle();
  EXPECT_EQ(cloud.eni(member)["type"], "Secondary");
  cloud.ok("ecs/DetachNetworkInterface", pair_of(trunk, node(1)));
}

TEST(SimEni, ExistenceIsJudgedBeforeStateAndStateBeforeQuota) {
  sim::Scene scene = instant_scene(1);
  scene.instances[0].type = "ecs.t1.xsmall";  // no room for a second ENI
  scene.delays.delete_eni = {sim::Millis{1000}, sim::Millis{1000}};
  Cloud cloud(scene);
  const std::string eni = cloud.create_eni();
  EXPECT_EQ(cloud.code("ecs/AttachNetworkInterface", pair_of(eni, node(1))),
            "EniPerInstanceLimitExceeded");
  cloud.ok("ecs/DeleteNetworkInterface", {{"NetworkInterfaceId", eni}});
  EXPECT_EQ(cloud.code("ecs/AttachNetworkInterface", pair_of(eni, node(1))),
            "InvalidOperation.InvalidEniState");
  EXPECT_EQ(cloud.code("ecs/AttachNetworkInterface", pair_of(eni, "i-none")),
            "InvalidEcsId.NotFound");
}

}  // namespace
}  // namespace catena
