// vSwitches, VPCs, route tables and entries.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/cloud/vpc.h"
#include "tests/unit/cloud/scripted_cloud.h"

namespace catena::cloud {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Key;
using testing::Not;
using testing::SizeIs;

base::Prefix prefix(std::string_view text) { return base::Prefix::parse(text).value(); }

std::string vswitches(int first, int count, int total) {
  std::string items;
  for (int i = first; i < first + count; ++i) {
    items += (items.empty() ? "" : ",") + std::string(R"({"VSwitchId":"vsw-)") + std::to_string(i) +
             "\"}";
  }
  return R"({"PageSize":10,"TotalCount":)" + std::to_string(total) +
         R"(,"VSwitches":{"VSwitch":[)" + items + "]}}";
}

TEST(DescribeVSwitches, TheAnswerIsUnderstood) {
  Cloud cloud;
  cloud.transport.then(answer(R"({"PageNumber":1,"PageSize":10,"TotalCount":1,"VSwitches":{
 "VSwitch":[{"VSwitchId":"vsw-1","VpcId":"vpc-1","Status":"Available","ZoneId":"cn-hangzhou-d",
 "CidrBlock":"172.16.0.0/24","AvailableIpAddressCount":249,"Ipv6CidrBlock":"2408:4002:10c4:4e03::/64",
 "EnabledIpv6":true,"VSwitchName":"name","OwnerId":0,
 "Tags":{"Tag":[{"Key":"department","Value":"dev"}]},
 "RouteTable":{"RouteTableId":"vtb-1","RouteTableType":"System"}}]}})"));
  VSwitchFilter filter;
  filter.vpc_id = "vpc-1";
  const auto found = describe_vswitches(cloud.client, filter);
  ASSERT_TRUE(found.ok()) << found.error().text();
  ASSERT_THAT(*found, SizeIs(1));
  EXPECT_EQ(found->front().cidr, prefix("172.16.0.0/24"));
  EXPECT_EQ(found->front().ipv6_cidr, prefix("2408:4002:10c4:4e03::/64"));
  EXPECT_EQ(found->front().available_ips, 249);
  EXPECT_EQ(found->front().route_table_id, "vtb-1");
  EXPECT_THAT(found->front().tags, ElementsAre(Tag{"department", "dev"}));
  EXPECT_EQ(cloud.transport.params(0).at("PageSize"), "50");
  EXPECT_THAT(cloud.transport.request(0).url, HasSubstr("https://vpc-vpc.cn-hangzhou."));
}

TEST(DescribeVSwitches, PagesOfTheServersOwnSizeAreReadToTheEnd) {
  Cloud cloud;
  cloud.transport.then(answer(vswitches(0, 10, 23)));
  cloud.transport.then(answer(vswitches(10, 10, 23)));
  cloud.transport.then(answer(vswitches(20, 3, 23)));
  const auto found = describe_vswitches(cloud.client, {});
  ASSERT_TRUE(found.ok()) << found.error().text();
  EXPECT_THAT(*found, SizeIs(23));
  EXPECT_EQ(cloud.transport.params(2).at("PageNumber"), "3");
}

TEST(DescribeVSwitches, AListThatShrinksMeanwhileEnds) {
  Cloud cloud;
  cloud.transport.then(answer(vswitches(0, 10, 12)));
  cloud.transport.then(answer(vswitches(10, 0, 12)));
  EXPECT_THAT(*describe_vswitches(cloud.client, {}), SizeIs(10));
}

TEST(DescribeVSwitches, AnUnknownIdIsMissingWhicheverWayTheCloudSaysIt) {
  Cloud cloud;
  cloud.transport.then(answer(vswitches(1, 1, 1)));
  cloud.transport.then(answer(vswitches(0, 0, 0)));
  cloud.transport.then(refuse("InvalidVSwitchId.NotFound", 404));
  VSwitchFilter filter;
  filter.vswitch_ids = {"vsw-1", "vsw-2", "vsw-3"};
  const auto found = describe_vswitches(cloud.client, filter);
  ASSERT_TRUE(found.ok()) << found.error().text();
  EXPECT_THAT(*found, SizeIs(1));
  cloud.transport.then(refuse("Forbidden.RAM", 403));
  EXPECT_FALSE(describe_vswitches(cloud.client, filter).ok());
}

TEST(DescribeVpcs, AllBlocksAreKept) {
  Cloud cloud;
  cloud.transport.then(answer(R"({"TotalCount":1,"Vpcs":{"Vpc":[{"VpcId":"vpc-1","VpcName":"n",
 "Status":"Available","RegionId":"eu-central-1","CidrBlock":"192.168.0.0/16",
 "SecondaryCidrBlocks":{"SecondaryCidrBlock":["10.0.0.0/8"]},"UserCidrs":{"UserCidr":[]},
 "Ipv6CidrBlock":"2001:db8::/56","Ipv6CidrBlocks":{"Ipv6CidrBlock":[
   {"Ipv6CidrBlock":"2001:db8::/56","Ipv6Isp":"BGP"}]},
 "VRouterId":"vrt-1","RouterTableIds":{"RouterTableIds":["vtb-1"]},
 "VSwitchIds":{"VSwitchId":["vsw-1"]},"OwnerId":253460731706911258,"Tags":{"Tag":[]}}]}})"));
  const auto vpcs = describe_vpcs(cloud.client, {"vpc-1", "vpc-2"});
  ASSERT_TRUE(vpcs.ok()) << vpcs.error().text();
  ASSERT_THAT(*vpcs, SizeIs(1));
  EXPECT_THAT(vpcs->front().cidrs, ElementsAre(prefix("192.168.0.0/16"), prefix("10.0.0.0/8")));
  EXPECT_THAT(vpcs->front().ipv6_cidrs, ElementsAre(prefix("2001:db8::/56")));
  EXPECT_THAT(vpcs->front().route_table_ids, ElementsAre("vtb-1"));
  EXPECT_EQ(cloud.transport.params(0).at("VpcId"), "vpc-1,vpc-2");
}

CreateRouteEntry entry() {
  CreateRouteEntry wanted;
  wanted.route_table_id = "vtb-1";
  wanted.destination = prefix("172.30.1.0/24");
  wanted.next_hop.id = "i-1";
  return wanted;
}

TEST(CreateRouteEntry, GivesTheIdAndAlwaysSendsAToken) {
  Cloud cloud;
  cloud.transport.then(answer(R"({"RouteEntryId":"rte-1","RequestId":"R-1"})"));
  const auto id = create_route_entry(cloud.client, entry());
  ASSERT_TRUE(id.ok()) << id.error().text();
  EXPECT_EQ(*id, "rte-1");
  const auto params = cloud.transport.params(0);
  EXPECT_EQ(params.at("DestinationCidrBlock"), "172.30.1.0/24");
  EXPECT_EQ(params.at("NextHopType"), "Instance");
  EXPECT_EQ(params.at("NextHopId"), "i-1");
  EXPECT_EQ(params.at("ClientToken").size(), 36U);
}

TEST(CreateRouteEntry, AnExistingBlockIsTheCallersToAdopt) {
  Cloud cloud;
  cloud.transport.then(refuse("InvalidCIDRBlock.Duplicate"));
  const auto id = create_route_entry(cloud.client, entry());
  ASSERT_FALSE(id.ok());
  EXPECT_EQ(reaction_to(id.error()), Reaction::kAdoptOrReplace);
  EXPECT_TRUE(id.error().is(base::ErrorKind::kExists));
}

TEST(CreateRouteEntry, AnAnswerWithoutAnIdIsRefused) {
  Cloud cloud;
  cloud.transport.then(answer(R"({"RequestId":"R-1"})"));
  EXPECT_EQ(create_route_entry(cloud.client, entry()).error().code(), kGarbage);
}

TEST(DeleteRouteEntry, ByIdOrByWhatItSays) {
  Cloud cloud;
  cloud.transport.always(answer("{}"));
  DeleteRouteEntry what;
  what.entry_id = "rte-1";
  ASSERT_TRUE(delete_route_entry(cloud.client, what).ok());
  EXPECT_THAT(cloud.transport.params(0), Not(Contains(Key("DestinationCidrBlock"))));
  what = DeleteRouteEntry{"", "vtb-1", prefix("172.30.1.0/24"), "i-1"};
  ASSERT_TRUE(delete_route_entry(cloud.client, what).ok());
  const std::map<std::string, std::string> expected = {{"RegionId", "cn-hangzhou"},
                                                       {"RouteTableId", "vtb-1"},
                                                       {"DestinationCidrBlock", "172.30.1.0/24"},
                                                       {"NextHopId", "i-1"}};
  EXPECT_EQ(cloud.transport.params(1), expected);
}

TEST(DeleteRouteEntry, AnAbsentEntryIsSuccess) {
  Cloud cloud;
  cloud.transport.then(refuse("InvalidRouteEntry.NotFound", 404));
  EXPECT_TRUE(delete_route_entry(cloud.client, {}).ok());
  cloud.transport.then(refuse("InvalidRouteTableId.NotFound", 404));
  EXPECT_FALSE(delete_route_entry(cloud.client, {}).ok()) << "a wrong table is a mistake";
}

std::string entries(const std::string& destination, const std::string& next) {
  return R"({"NextToken":")" + next +
         R"(","RouteEntrys":{"RouteEntry":[{"RouteEntryId":"rte-1","RouteTableId":"vtb-1",
   "DestinationCidrBlock":")" +
         destination + R"(","Status":"Available","Type":"Custom","NextHops":{"NextHop":[
   {"NextHopId":"i-1","NextHopType":"Instance","Enabled":1}]}}]}})";
}

TEST(DescribeRouteEntryList, IsReadToItsEnd) {
  Cloud cloud;
  cloud.transport.then(answer(entries("172.30.1.0/24", "n")));
  cloud.transport.then(answer(entries("2001:db8::/64", "")));
  RouteEntryFilter filter;
  filter.route_table_id = "vtb-1";
  filter.type = "Custom";
  const auto found = describe_route_entry_list(cloud.client, filter);
  ASSERT_TRUE(found.ok()) << found.error().text();
  ASSERT_THAT(*found, SizeIs(2));
  EXPECT_EQ(found->front().destination, prefix("172.30.1.0/24"));
  EXPECT_EQ(found->front().status, "Available");
  EXPECT_THAT(found->front().next_hops, ElementsAre(NextHop{"Instance", "i-1"}));
  EXPECT_EQ(cloud.transport.params(0).at("MaxResult"), "100");
  EXPECT_EQ(cloud.transport.params(1).at("NextToken"), "n");
  EXPECT_EQ(cloud.transport.params(1).at("RouteEntryType"), "Custom");
}

TEST(DescribeRouteEntryList, OneFamilyAlone) {
  Cloud cloud;
  cloud.transport.then(answer(entries("172.30.1.0/24", "n")));
  cloud.transport.then(answer(entries("2001:db8::/64", "")));
  RouteEntryFilter filter;
  filter.family = base::Family::kIpv6;
  const auto found = describe_route_entry_list(cloud.client, filter);
  ASSERT_THAT(*found, SizeIs(1));
  EXPECT_EQ(found->front().destination, prefix("2001:db8::/64"));
}

TEST(DescribeRouteEntryList, AStaleTokenBeginsAnewAndGivesNoEntryTwice) {
  Cloud cloud;
  cloud.transport.then(answer(entries("172.30.1.0/24", "n")));
  cloud.transport.then(refuse("IllegalParam.NextTokenExpired"));
  cloud.transport.then(answer(entries("172.30.2.0/24", "")));
  const auto found = describe_route_entry_list(cloud.client, {});
  ASSERT_TRUE(found.ok()) << found.error().text();
  ASSERT_THAT(*found, SizeIs(1));
  EXPECT_EQ(found->front().destination, prefix("172.30.2.0/24"));

  cloud.transport.always(refuse("IllegalParam.NextToken"));
  const std::size_t before = cloud.transport.calls();
  EXPECT_FALSE(describe_route_entry_list(cloud.client, {}).ok());
  EXPECT_EQ(cloud.transport.calls(), before + 4);
}

TEST(DescribeRouteEntryList, AnEntryWithoutDestinationIsNotTakenForTheDefaultRoute) {
  Cloud cloud;
  cloud.transport.then(answer(R"({"RouteEntrys":{"RouteEntry":[{"RouteEntryId":"rte-1"}]}})"));
  EXPECT_EQ(describe_route_entry_list(cloud.client, {}).error().code(), kGarbage);
}

TEST(DescribeRouteTableList, TheAnswerIsUnderstood) {
  Cloud cloud;
  cloud.transport.then(answer(R"({"TotalCount":1,"RouterTableList":{"RouterTableListType":[{
   "RouteTableId":"vtb-1","VpcId":"vpc-1","RouterId":"vrt-1","RouterType":"VRouter",
   "RouteTableType":"System","Status":"Available","VSwitchIds":{"VSwitchId":["vsw-1"]}}]}})"));
  const auto tables = describe_route_table_list(cloud.client, "vpc-1");
  ASSERT_TRUE(tables.ok()) << tables.error().text();
  ASSERT_THAT(*tables, SizeIs(1));
  EXPECT_EQ(tables->front().type, "System");
  EXPECT_THAT(tables->front().vswitch_ids, ElementsAre("vsw-1"));
  EXPECT_EQ(cloud.transport.params(0).at("RouterType"), "VRouter");
}

TEST(Listings, WithoutATotalTheyEndAtAShortPage) {
  Cloud cloud;
  cloud.transport.then(answer(R"({"RouterTableList":{}})"));
  EXPECT_THAT(*describe_route_table_list(cloud.client, "vpc-1"), IsEmpty());
}

}  // namespace
}  // namespace catena::cloud
