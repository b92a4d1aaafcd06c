#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/cloud/ecs.h"
#include "tests/unit/cloud/scripted_cloud.h"

namespace catena::cloud {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Key;
using testing::Not;
using testing::SizeIs;

base::IpAddress ip(std::string_view text) { return base::IpAddress::parse(text).value(); }

TEST(DescribeInstances, TheIdsAreOneJsonTextAndTheAnswerIsUnderstood) {
  Cloud cloud;
  cloud.transport.then(answer(R"({"RequestId":"R-1","TotalCount":1,"NextToken":"","Instances":{
   "Instance":[{"InstanceId":"i-1","InstanceName":"n","HostName":"h","InstanceType":"ecs.g7.xlarge",
   "Status":"Running","RegionId":"cn-hangzhou","ZoneId":"cn-hangzhou-g","IoOptimized":true,
   "VpcAttributes":{"VpcId":"vpc-1","VSwitchId":"vsw-1","NatIpAddress":"",
     "PrivateIpAddress":{"IpAddress":["172.17.0.4"]}},
   "NetworkInterfaces":{"NetworkInterface":[{"NetworkInterfaceId":"eni-1","Type":"Primary",
     "MacAddress":"00:16:3e:32:b4:01","PrimaryIpAddress":"172.17.0.4",
     "PrivateIpSets":{"PrivateIpSet":[{"PrivateIpAddress":"172.17.0.4","Primary":true}]}}]},
   "SecurityGroupIds":{"SecurityGroupId":["sg-1"]},
   "Tags":{"Tag":[{"TagKey":"a","TagValue":"b"}]}}]}})"));
  InstanceFilter filter;
  filter.instance_ids = {"i-1", "i-2"};
  const auto instances = describe_instances(cloud.client, filter);
  ASSERT_TRUE(instances.ok()) << instances.error().text();
  ASSERT_THAT(*instances, SizeIs(1));
  const InstanceInfo& instance = instances->front();
  EXPECT_EQ(instance.type, "ecs.g7.xlarge");
  EXPECT_EQ(instance.vpc_id, "vpc-1");
  EXPECT_EQ(instance.vswitch_id, "vsw-1");
  EXPECT_THAT(instance.private_ips, ElementsAre(ip("172.17.0.4")));
  ASSERT_THAT(instance.enis, SizeIs(1));
  EXPECT_EQ(instance.enis[0].type, EniType::kPrimary);
  EXPECT_EQ(instance.enis[0].mac.to_string(), "00:16:3e:32:b4:01");
  EXPECT_EQ(instance.enis[0].primary_ip, ip("172.17.0.4"));
  EXPECT_THAT(instance.tags, ElementsAre(Tag{"a", "b"}));
  EXPECT_EQ(cloud.transport.params(0).at("InstanceIds"), R"(["i-1","i-2"])");
}

TEST(DescribeInstances, WithoutIdsNoEmptyListIsSent) {
  // An empty list would mean: no instance.
  Cloud cloud;
  cloud.transport.then(answer(R"({"Instances":{"Instance":[]}})"));
  EXPECT_THAT(*describe_instances(cloud.client, {}), IsEmpty());
  EXPECT_THAT(cloud.transport.params(0), Not(Contains(Key("InstanceIds"))));
}

TEST(DescribeInstanceAttribute, HasNoRegionAndTellsOfJumboFrames) {
  Cloud cloud;
  cloud.transport.then(answer(R"({"InstanceId":"i-1","Status":"Stopped","IoOptimized":"optimized",
   "EnableJumboFrame":true,"VpcAttributes":{"PrivateIpAddress":{}}})"));
  const auto instance = describe_instance_attribute(cloud.client, "i-1");
  ASSERT_TRUE(instance.ok()) << instance.error().text();
  EXPECT_EQ(instance->status, "Stopped");
  EXPECT_EQ(instance->jumbo_frames, true);
  EXPECT_THAT(cloud.transport.params(0), Not(Contains(Key("RegionId"))));

  cloud.transport.then(refuse("InvalidInstanceId.NotFound", 404));
  EXPECT_TRUE(
      describe_instance_attribute(cloud.client, "i-2").error().is(base::ErrorKind::kNotFound));
}

TEST(DescribeInstanceTypes, ARealAnswerIsUnderstood) {
  Cloud cloud;
  cloud.transport.then(answer(R"({"NextToken":"","InstanceTypes":{"InstanceType":[{
 "InstanceTypeId":"ecs.g7.xlarge","InstanceTypeFamily":"ecs.g7","CpuCoreCount":4,"MemorySize":16.0,
 "EniQuantity":4,"EniTotalQuantity":20,"EniPrivateIpAddressQuantity":15,
 "EniIpv6AddressQuantity":15,"EniTrunkSupported":true,"SecondaryEniQueueNumber":4,
 "InstanceBandwidthRx":3072000,"InstanceBandwidthTx":3072000,"JumboFrameSupport":true}]}})"));
  const auto types = describe_instance_types(cloud.client, {"ecs.g7.xlarge"});
  ASSERT_TRUE(types.ok()) << types.error().text();
  ASSERT_THAT(*types, SizeIs(1));
  const InstanceType& type = types->front();
  EXPECT_EQ(type.eni_quantity, 4);
  EXPECT_EQ(type.eni_total_quantity, 20);
  EXPECT_EQ(type.ipv4_per_eni, 15);
  EXPECT_EQ(type.ipv6_per_eni, 15);
  EXPECT_TRUE(type.trunk_supported);
  EXPECT_TRUE(type.jumbo_frames);
  EXPECT_EQ(type.network_cards, 1);
  EXPECT_EQ(type.bandwidth_rx, 3'072'000);
  EXPECT_EQ(cloud.transport.params(0).at("InstanceTypes.1"), "ecs.g7.xlarge");
}

TEST(DescribeInstanceTypes, FollowsTheTokenAndAsksInPartsOfTen) {
  Cloud cloud;
  const std::string item = R"({"InstanceTypes":{"InstanceType":[{"InstanceTypeId":"t"}]})";
  cloud.transport.then(answer(item + R"(,"NextToken":"n"})"));
  cloud.transport.then(answer(item + "}"));
  cloud.transport.then(answer(item + "}"));
  const std::vector<std::string> twelve(12, "t");
  EXPECT_THAT(*describe_instance_types(cloud.client, twelve), SizeIs(3));
  EXPECT_EQ(cloud.transport.params(1).at("NextToken"), "n");
  EXPECT_THAT(cloud.transport.params(2), Contains(Key("InstanceTypes.2")));
  EXPECT_THAT(cloud.transport.params(2), Not(Contains(Key("InstanceTypes.3"))));
}

}  // namespace
}  // namespace catena::cloud
