// Answers compared with the payloads of the vendor's documentation and of real logs, written out
// here as they are published: the same keys, nesting and types, whatever the code believes.
#include <set>

#include <gtest/gtest.h>

#include "tests/unit/sim/cloud_fixture.h"

namespace catena {
namespace {

using nlohmann::json;
using test::Cloud;
using test::instant_scene;
using test::node;

std::string type_name(const json& value) {
  if (value.is_number()) {
    return value.is_number_integer() ? "integer" : "fraction";
  }
  return value.type_name();
}

// Every difference between an answer and a sample: a key too few or too many, another type. Lists
// are compared by their first entries; null in a sample may be anything.
void compare(const json& sample, const json& answer, const std::string& path,
             std::vector<std::string>& differences) {
  if (sample.is_null()) {
    return;
  }
  if (type_name(sample) != type_name(answer)) {
    differences.push_back(path + ": expected " + type_name(sample) + ", is " + answer.dump());
    return;
  }
  if (sample.is_array() && !sample.empty()) {
    if (answer.empty()) {
      differences.push_back(path + ": is empty, so not compared");
      return;
    }
    compare(sample[0], answer[0], path + "[0]", differences);
  }
  if (!sample.is_object()) {
    return;
  }
  for (const auto& [key, value] : sample.items()) {
    if (answer.contains(key)) {
      compare(value, answer[key], path + "." + key, differences);
    } else {
      differences.push_back(path + "." + key + ": is missing");
    }
  }
  for (const auto& [key, value] : answer.items()) {
    if (!sample.contains(key)) {
      differences.push_back(path + "." + key + ": is in no sample");
    }
  }
}

void expect_shape(const char* sample, json answer, const std::set<std::string>& also = {}) {
  for (const std::string& key : also) {
    answer.erase(key);
  }
  std::vector<std::string> differences;
  compare(json::parse(sample), answer, "", differences);
  for (const std::string& difference : differences) {
    ADD_FAILURE() << difference;
  }
}

// One of everything, so that no list of a sample stays empty.
class SimShapes : public testing::Test {
 protected:
  static sim::Scene scene() {
    sim::Scene made = instant_scene(1);
    made.vpcs[0].tags = {{"department", "dev"}};
    made.vswitches[0].tags = {{"department", "dev"}};
    made.vswitches[0].prefix_reservations = {
        base::Prefix::parse("192.168.8.0/24").value(),
        base::Prefix::parse("2001:db8:1234:1a00:8000::/65").value()};
    made.instances[0].tags = {{"TestKey", "TestValue"}};
    return made;
  }

  SimShapes() : cloud_(scene()) {
    eni_ = cloud_.attached_eni(
        node(1), {{"Ipv6AddressCount", "1"}, {"Tag.1.Key", "owner"}, {"Tag.1.Value", "lisi"}});
    cloud_.ok("ecs/AssignPrivateIpAddresses",
              {{"NetworkInterfaceId", eni_}, {"Ipv4PrefixCount", "1"}});
    cloud_.ok("ecs/AssignIpv6Addresses", {{"NetworkInterfaceId", eni_}, {"Ipv6PrefixCount", "1"}});
    cloud_.ok("vpc/CreateRouteEntry", {{"RouteTableId", cloud_.table()},
                                       {"DestinationCidrBlock", "10.1.0.0/24"},
                                       {"NextHopId", node(1)}});
    cloud_.settle();
  }

  Cloud cloud_;
  std::string eni_;
};

TEST_F(SimShapes, CreateNetworkInterface) {
  expect_shape(
      R"({"NetworkInterfaceId":"eni-bp1bighqoqowq73yw91r",
 "NetworkInterfaceName":"my-eni-name","Description":"testDescription","MacAddress":"00:16:3e:12:**:**",
 "Status":"Available","Type":"Secondary","OwnerId":"123456****","ResourceGroupId":"rg-2ze88m67qx5z****",
 "VpcId":"vpc-bp1j7w3gc1cexjqd****","VSwitchId":"vsw-bp16usj2p27htro3****","ZoneId":"cn-hangzhou-e",
 "PrivateIpAddress":"172.17.**.**","SecurityGroupIds":{"SecurityGroupId":["sg-bp18kz60mefsicfg****"]},
 "PrivateIpSets":{"PrivateIpSet":[{"PrivateIpAddress":"172.17.**.**","Primary":true}]},
 "Ipv6Sets":{"Ipv6Set":[{"Ipv6Address":"2001:db8:1234:1a00::****"}]},
 "Ipv4PrefixSets":{"Ipv4PrefixSet":[{"Ipv4Prefix":"192.168.**.0/28"}]},
 "Ipv6PrefixSets":{"Ipv6PrefixSet":[]},"ServiceID":0,"ServiceManaged":false,
 "Tags":{"Tag":[{"TagKey":"TestKey","TagValue":"TestValue"}]}})",
      cloud_.ok("ecs/CreateNetworkInterface", {{"VSwitchId", test::vswitch('h')},
                                               {"SecurityGroupId", test::kGroup},
                                               {"Ipv6AddressCount", "1"},
                                               {"Ipv4PrefixCount", "1"},
                                               {"Tag.1.Key", "k"}}));
}

TEST_F(SimShapes, DescribeNetworkInterfaces) {
  const json answer = cloud_.ok("ecs/DescribeNetworkInterfaces", {{"NetworkInterfaceId.1", eni_}});
  expect_shape(
      R"({"TotalCount":1,"PageNumber":1,"PageSize":10,
 "NextToken":"AAAAAdDWBF2w6Olxc+cMPjUtUMpaCa3hjTbxWpikFyOaihc****",
 "NetworkInterfaceSets":{"NetworkInterfaceSet":[{
  "NetworkInterfaceId":"eni-wz9iib303as7e5c3****","Status":"InUse","Type":"Secondary",
  "MacAddress":"00:16:3e:**:**:c2","PrivateIpAddress":"192.168.**.**","InstanceId":"i-wz91t9p4j9xsw2pn****",
  "VpcId":"vpc-wz9wh0fywtu5szszb****","VSwitchId":"vsw-wz9vqfgwgkj94ubb1****","ZoneId":"cn-shenzhen-c",
  "SecurityGroupIds":{"SecurityGroupId":["sg-wz9iib303as7e5c7****"]},
  "PrivateIpSets":{"PrivateIpSet":[{"PrivateIpAddress":"192.168.**.**","Primary":true,"AssociatedPublicIp":{}}]},
  "Ipv6Sets":{"Ipv6Set":[{"Ipv6Address":"2408:4321:180:1701:94c7:bc38:3bfa:***"}]},
  "Ipv4PrefixSets":{"Ipv4PrefixSet":[{"Ipv4Prefix":"192.168.**.0/28"}]},
  "Ipv6PrefixSets":{"Ipv6PrefixSet":[{"Ipv6Prefix":"2001:db8:1234:1a00:****::/80"}]},
  "Attachment":{"InstanceId":"i-wz91t9p4j9xsw2pn****","DeviceIndex":1,"NetworkCardIndex":0,"TrunkNetworkInterfaceId":""},
  "AssociatedPublicIp":{},"CreationTime":"2019-12-25T12:31:31Z","NetworkInterfaceName":"eth1","Description":"",
  "NetworkInterfaceTrafficMode":"Standard","QueueNumber":8,"DeleteOnRelease":true,"SourceDestCheck":false,
  "ServiceManaged":false,"ServiceID":0,"OwnerId":"140692647406****","ResourceGroupId":"rg-aek2boynwys****",
  "Tags":{"Tag":[{"TagKey":"owner","TagValue":"lisi"}]}}]}})",
      answer);
  const json row = answer["NetworkInterfaceSets"]["NetworkInterfaceSet"][0];
  EXPECT_EQ(row["CreationTime"].get<std::string>().size(), 20U);  // with seconds
  EXPECT_EQ(row["Attachment"]["DeviceIndex"], 1);
}

TEST_F(SimShapes, DescribeNetworkInterfaceAttribute) {
  expect_shape(
      R"({"NetworkInterfaceId":"eni-bp125p95hhdhn3ot****","Type":"Secondary",
 "Status":"Available","NetworkInterfaceTrafficMode":"Standard","NetworkInterfaceName":"my-eni-name","Description":"testDescription",
 "MacAddress":"00:16:3e:12:**:**","InstanceId":"i-bp1e2l6djkndyuli****","VpcId":"vpc-bp67acfmxazb4p****",
 "VSwitchId":"vsw-bp1s5fnvk4gn2tws0****","ZoneId":"cn-hangzhou-g","PrivateIpAddress":"10.1.**.**","OwnerId":"123456****",
 "CreationTime":"2019-12-25T12:31:31Z","ServiceManaged":true,"ServiceID":12345678910,"QueueNumber":8,
 "SecurityGroupIds":{"SecurityGroupId":["sg-bp18kz60mefsicfg****"]},
 "Attachment":{"DeviceIndex":0,"InstanceId":"","TrunkNetworkInterfaceId":"","NetworkCardIndex":0,
   "MemberNetworkInterfaceIds":{"MemberNetworkInterfaceId":[]}},
 "PrivateIpSets":{"PrivateIpSet":[{"PrivateIpAddress":"172.17.**.**","Primary":true,
   "AssociatedPublicIp":null}]},
 "Ipv6Sets":{"Ipv6Set":[{"Ipv6Address":"2001:db8:1234:1a00::****"}]},
 "Ipv4PrefixSets":{"Ipv4PrefixSet":[{"Ipv4Prefix":"192.168.**.0/28"}]},
 "Ipv6PrefixSets":{"Ipv6PrefixSet":[{"Ipv6Prefix":"2001:db8:1234:1a00:****::/80"}]},
 "Tags":{"Tag":[{"TagKey":"TestKey","TagValue":"TestValue"}]},"DeleteOnRelease":true,"SourceDestCheck":false})",
      cloud_.ok("ecs/DescribeNetworkInterfaceAttribute", {{"NetworkInterfaceId", eni_}}),
      {"ResourceGroupId"});
}

TEST_F(SimShapes, AssignPrivateIpAddresses) {
  expect_shape(
      R"({"AssignedPrivateIpAddressesSet":{
 "NetworkInterfaceId":"eni-bp125p95hhdhn3ot****",
 "PrivateIpSet":{"PrivateIpAddress":["192.168.**.**"]},
 "Ipv4PrefixSet":{"Ipv4Prefixes":[]}}})",
      cloud_.ok("ecs/AssignPrivateIpAddresses",
                {{"NetworkInterfaceId", eni_}, {"SecondaryPrivateIpAddressCount", "1"}}));
  expect_shape(
      R"({"AssignedPrivateIpAddressesSet":{
 "NetworkInterfaceId":"eni-bp125p95hhdhn3ot****",
 "PrivateIpSet":{"PrivateIpAddress":[]},
 "Ipv4PrefixSet":{"Ipv4Prefixes":["192.168.**.0/28"]}}})",
      cloud_.ok("ecs/AssignPrivateIpAddresses",
                {{"NetworkInterfaceId", eni_}, {"Ipv4PrefixCount", "1"}}));
}

TEST_F(SimShapes, AssignIpv6Addresses) {
  expect_shape(
      R"({"NetworkInterfaceId":"eni-bp1iqejowblx6h8j****",
 "Ipv6Sets":{"Ipv6Address":["2001:db8:1234:1a00::****"]},"Ipv6PrefixSets":{"Ipv6Prefix":["2001:db8:1234:1a00:****::/80"]}})",
      cloud_.ok(
          "ecs/AssignIpv6Addresses",
          {{"NetworkInterfaceId", eni_}, {"Ipv6AddressCount", "1"}, {"Ipv6PrefixCount", "1"}}));
}

TEST_F(SimShapes, CallsThatAnswerNothingButTheRequestId) {
  const std::string eni = cloud_.create_eni();
  const test::Parameters both{{"NetworkInterfaceId", eni}, {"InstanceId", node(1)}};
  EXPECT_EQ(cloud_.ok("ecs/ModifyNetworkInterfaceAttribute",
                      {{"NetworkInterfaceId", eni}, {"Description", "new text"}}),
            json::object());
  EXPECT_EQ(cloud_.ok("ecs/AttachNetworkInterface", both), json::object());
  cloud_.settle();
  EXPECT_EQ(cloud_.ok("ecs/DetachNetworkInterface", both), json::object());
  cloud_.settle();
  EXPECT_EQ(cloud_.ok("ecs/DeleteNetworkInterface", {{"NetworkInterfaceId", eni}}), json::object());
  const json held = cloud_.eni(eni_);
  EXPECT_EQ(cloud_.ok("ecs/UnassignPrivateIpAddresses",
                      {{"NetworkInterfaceId", eni_}, {"Ipv4Prefix.1", held["ipv4Prefixes"][0]}}),
            json::object());
  EXPECT_EQ(cloud_.ok("ecs/UnassignIpv6Addresses",
                      {{"NetworkInterfaceId", eni_}, {"Ipv6Address.1", held["ipv6"][0]}}),
            json::object());
  EXPECT_EQ(cloud_.ok("vpc/DeleteRouteEntry", {{"RouteTableId", cloud_.table()},
                                               {"DestinationCidrBlock", "10.1.0.0/24"},
                                               {"NextHopId", node(1)}}),
            json::object());
}

TEST_F(SimShapes, DescribeInstances) {
  json answer = cloud_.ok("ecs/DescribeInstances", {});
  json& row = answer["Instances"]["Instance"][0];
  row.erase("ImageId");  // in the API reference, not in the sample
  for (json& nic : row["NetworkInterfaces"]["NetworkInterface"]) {
    nic.erase("Ipv6Sets");
  }
  expect_shape(
      R"({"TotalCount":1,"PageNumber":1,"PageSize":10,"NextToken":"",
 "Instances":{"Instance":[{"InstanceId":"i-bp67acfmxazb4p****","InstanceName":"InstanceNameTest","HostName":"testHostName",
  "InstanceType":"ecs.g5.large","InstanceTypeFamily":"ecs.g5","Status":"Running","RegionId":"cn-hangzhou","ZoneId":"cn-hangzhou-g",
  "Cpu":8,"Memory":16384,"IoOptimized":true,"InstanceNetworkType":"vpc","CreationTime":"2017-12-10T04:04Z","SerialNumber":"51d1353b-22bf-4567-a176-8b3e12e4****",
  "VpcAttributes":{"VpcId":"vpc-2zeuphj08tt7q3brd****","VSwitchId":"vsw-2zeh0r1pabwtg6wcs****","NatIpAddress":"","PrivateIpAddress":{"IpAddress":["172.17.**.**"]}},
  "NetworkInterfaces":{"NetworkInterface":[{"NetworkInterfaceId":"eni-2zeh9atclduxvf1z****","Type":"Primary","MacAddress":"00:16:3e:32:b4:**",
    "PrimaryIpAddress":"172.17.**.**","PrivateIpSets":{"PrivateIpSet":[{"PrivateIpAddress":"172.17.**.**","Primary":true}]}}]},
  "SecurityGroupIds":{"SecurityGroupId":["sg-bp67acfmxazb4p****"]},"PublicIpAddress":{"IpAddress":[]},"InnerIpAddress":{"IpAddress":[]},
  "EipAddress":{"AllocationId":"","IpAddress":"","InternetChargeType":""},"MetadataOptions":{"HttpEndpoint":"enabled","HttpTokens":"optional"},
  "OperationLocks":{"LockReason":[]},"Tags":{"Tag":[{"TagKey":"TestKey","TagValue":"TestValue"}]}}]}})",
      answer);
  EXPECT_EQ(row["CreationTime"].get<std::string>().size(), 17U);  // without seconds
  EXPECT_EQ(row["NetworkInterfaces"]["NetworkInterface"][0]["Type"], "Primary");
}

TEST_F(SimShapes, DescribeInstanceAttribute) {
  expect_shape(
      R"({"InstanceId":"i-bp1","RegionId":"cn-hangzhou","ZoneId":"cn-hangzhou-g","InstanceType":"ecs.g7.xlarge","Status":"Running",
 "VpcAttributes":{"VpcId":"vpc-2ze","VSwitchId":"vsw-2ze","NatIpAddress":"","PrivateIpAddress":{"IpAddress":["172.17.**.**"]}},
 "SecurityGroupIds":{"SecurityGroupId":["sg-bp6"]},"Cpu":4,"Memory":16384,"IoOptimized":"optimized","EnableJumboFrame":false,
 "NetworkOptions":{"EnableJumboFrame":false},"HostName":"h","ImageId":"m","CreationTime":"2017-12-10T04:04Z"})",
      cloud_.ok("ecs/DescribeInstanceAttribute", {{"InstanceId", node(1)}}),
      {"InstanceName", "InstanceNetworkType", "SerialNumber", "PublicIpAddress", "InnerIpAddress",
       "EipAddress", "OperationLocks"});
}

TEST_F(SimShapes, DescribeInstanceTypes) {
  const json answer =
      cloud_.ok("ecs/DescribeInstanceTypes", {{"InstanceTypes.1", "ecs.g7.xlarge"}});
  const char* real =
      R"({"NextToken":"","InstanceTypes":{"InstanceType":[{
 "InstanceTypeId":"ecs.g7.xlarge","InstanceTypeFamily":"ecs.g7","CpuCoreCount":4,"MemorySize":16,"CpuArchitecture":"X86",
 "EniQuantity":4,"EniTotalQuantity":20,"EniPrivateIpAddressQuantity":15,"EniIpv6AddressQuantity":15,"EniTrunkSupported":true,"EriQuantity":0,
 "PrimaryEniQueueNumber":4,"SecondaryEniQueueNumber":4,"MaximumQueueNumberPerEni":4,"TotalEniQueueQuantity":16,
 "InstanceBandwidthRx":3072000,"InstanceBandwidthTx":3072000,"InstancePpsRx":1100000,"InstancePpsTx":1100000,
 "JumboFrameSupport":true,"InstanceFamilyLevel":"EnterpriseLevel","InstanceCategory":"General-purpose",
 "NetworkEncryptionSupport":false,"NvmeSupport":"unsupported","GPUAmount":0,"GPUSpec":"","LocalStorageCategory":"","DiskQuantity":17}]}})";
  expect_shape(real, answer);
  EXPECT_EQ(answer, json::parse(real));  // a real answer: the values are alike too
}

TEST_F(SimShapes, DescribeVSwitches) {
  expect_shape(
      R"({"PageNumber":1,"PageSize":10,"TotalCount":1,"VSwitches":{"VSwitch":[{
 "VSwitchId":"vsw-25bcdxs7pv1****","VpcId":"vpc-257gcdcdq64****","Status":"Available","ZoneId":"cn-hangzhou-d","CidrBlock":"172.16.0.0/24",
 "AvailableIpAddressCount":1,"Ipv6CidrBlock":"2408:4002:10c4:4e03::/64","EnabledIpv6":true,"IsDefault":true,"VSwitchName":"vSwitch",
 "Description":"VSwitchDescription","CreationTime":"2022-01-18T12:43:57Z","NetworkAclId":"nacl-a2do9e413e0spzasx****","OwnerId":0,
 "ResourceGroupId":"rg-acfmxazb4ph6aiy****","ShareType":"","Tags":{"Tag":[{"Key":"department","Value":"dev"}]},
 "RouteTable":{"RouteTableId":"vrt-bp145q7glnuzdv****","RouteTableType":"System"}}]}})",
      cloud_.ok("vpc/DescribeVSwitches", {{"VSwitchId", test::vswitch('h')}}));
}

TEST_F(SimShapes, DescribeVpcs) {
  json answer = cloud_.ok("vpc/DescribeVpcs", {});
  const json six = answer["Vpcs"]["Vpc"][0]["Ipv6CidrBlocks"]["Ipv6CidrBlock"][0];
  EXPECT_TRUE(six.contains("Ipv6CidrBlock") && six.contains("Ipv6Isp")) << six;
  expect_shape(
      R"({"PageNumber":1,"PageSize":10,"TotalCount":1,"Vpcs":{"Vpc":[{
 "VpcId":"vpc-gw83pxso72ha3eg9u2pml","VpcName":"ppro-vpc","Description":"ppro-vpc","Status":"Available","RegionId":"eu-central-1","IsDefault":false,
 "CidrBlock":"192.168.0.0/16","SecondaryCidrBlocks":{"SecondaryCidrBlock":[]},"UserCidrs":{"UserCidr":[]},"Ipv6CidrBlock":"","EnabledIpv6":false,
 "Ipv6CidrBlocks":{"Ipv6CidrBlock":[]},"VRouterId":"vrt-gw8kmlrp77b4feaongzsu","RouterTableIds":{"RouterTableIds":["vtb-gw8"]},
 "VSwitchIds":{"VSwitchId":["vsw-gw8ocqdy2mrw9pyz0sgu8"]},"NatGatewayIds":{"NatGatewayIds":[]},"CreationTime":"2018-09-21T11:40:54Z",
 "OwnerId":253460731706911258,"ResourceGroupId":"rg","CenStatus":"Detached","Tags":{"Tag":[]}}]}})",
      answer);
}

TEST_F(SimShapes, DescribeRouteEntryList) {
  expect_shape(
      R"({"NextToken":"FFmyTO70tTpLG6I3FmYAXGKPd****","RouteEntrys":{"RouteEntry":[{
 "RouteEntryId":"rte-bp1mnnr2al0naomnp****","RouteTableId":"vtb-bp15w5q90d2rk3bww****","DestinationCidrBlock":"192.168.2.0/24",
 "Status":"Available","Type":"Custom","IpVersion":"IPv4","RouteEntryName":"aaa","Description":"RouteEntryDescription",
 "GmtModified":"2022-05-09T03:00:07Z","Origin":"CustomCreate","ServiceType":"",
 "NextHops":{"NextHop":[{"NextHopId":"i-bp1","NextHopType":"Instance","NextHopRegionId":"","Weight":0,"Enabled":1}]}}]}})",
      cloud_.ok("vpc/DescribeRouteEntryList",
                {{"RouteTableId", cloud_.table()}, {"MaxResult", "1"}}));
}

TEST_F(SimShapes, DescribeRouteTableList) {
  json answer = cloud_.ok("vpc/DescribeRouteTableList", {});
  json& table = answer["RouterTableList"]["RouterTableListType"][0];
  for (const char* beside :
       {"Description", "AssociateType", "CreationTime", "OwnerId", "ResourceGroupId", "Tags"}) {
    table.erase(beside);
  }
  expect_shape(
      R"({"PageNumber":1,"PageSize":10,"TotalCount":1,"RouterTableList":{"RouterTableListType":[{
 "RouteTableId":"vtb","VpcId":"vpc","RouterId":"vrt","RouterType":"VRouter","RouteTableType":"System","Status":"Available",
 "VSwitchIds":{"VSwitchId":["vsw"]},"RouteTableName":""}]}})",
      answer);
}

TEST_F(SimShapes, DescribeRouteTables) {
  expect_shape(
      R"({"PageNumber":1,"PageSize":10,"TotalCount":1,"RouteTables":{"RouteTable":[{
 "RouteTableId":"vtb-bp145q7glnuzdvzu2****","RouteTableType":"System","VRouterId":"vrt-bp1lhl0taikrteen8****","Status":"Available",
 "CreationTime":"2017-08-22T10:40:25Z","ResourceGroupId":"rg-acfmxazb4ph****","VSwitchIds":{"VSwitchId":["vsw-bp14cagpfysr29fe****"]},
 "RouteEntrys":{"RouteEntry":[{"RouteTableId":"vtb","RouteEntryId":"rte","DestinationCidrBlock":"192.168.0.0/24","Type":"System","Status":"Available",
   "NextHopType":"local","InstanceId":"","RouteEntryName":"","Description":"","NextHops":{"NextHop":[]}}]}}]}})",
      cloud_.ok("vpc/DescribeRouteTables", {{"RouteTableId", cloud_.table()}}));
}

TEST_F(SimShapes, CreateRouteEntryAndTheBatch) {
  const std::string table = cloud_.table();
  expect_shape(R"({"RouteEntryId":"rte-sn6vjkioxte1gz83z****"})",
               cloud_.ok("vpc/CreateRouteEntry", {{"RouteTableId", table},
                                                  {"DestinationCidrBlock", "10.2.0.0/24"},
                                                  {"NextHopId", node(1)}}));
  cloud_.settle();
  expect_shape(
      R"({"RouteEntryIds":["rte"],"SuccessCount":1,"FailedCount":1,
 "FailedRouteEntries":[{"DstCidrBlock":"a","NextHop":"b","FailedCode":"c","FailedMessage":"d"}]})",
      cloud_.ok("vpc/CreateRouteEntries", {{"RouteEntries.1.RouteTableId", table},
                                           {"RouteEntries.1.DstCidrBlock", "10.2.0.0/24"},
                                           {"RouteEntries.1.NextHop", node(1)},
                                           {"RouteEntries.2.RouteTableId", table},
                                           {"RouteEntries.2.DstCidrBlock", "10.3.0.0/24"},
                                           {"RouteEntries.2.NextHop", node(1)}}));
}

}  // namespace
}  // namespace catena
