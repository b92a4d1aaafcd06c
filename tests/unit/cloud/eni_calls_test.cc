// ENIs: what is sent, and what is understood of the answers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/cloud/ecs.h"
#include "tests/unit/cloud/scripted_cloud.h"

namespace catena::cloud {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Key;
using testing::Not;
using testing::Pair;
using testing::SizeIs;

base::IpAddress ip(std::string_view text) { return base::IpAddress::parse(text).value(); }
base::Prefix prefix(std::string_view text) { return base::Prefix::parse(text).value(); }

// With every field, nulls among them.
constexpr std::string_view kWhole = R"({"RequestId":"R-1","NetworkInterfaceId":"eni-1",
 "Type":"Secondary","Status":"InUse","NetworkInterfaceTrafficMode":"Standard",
 "NetworkInterfaceName":"pod-eni","Description":null,"MacAddress":"00:16:3e:12:AB:cd",
 "InstanceId":"i-1","VpcId":"vpc-1","VSwitchId":"vsw-1","ZoneId":"cn-hangzhou-g",
 "PrivateIpAddress":"10.1.0.5","OwnerId":140692647406,"CreationTime":"2019-12-25T12:31:31Z",
 "ServiceManaged":true,"ServiceID":12345678910,"QueueNumber":8,
 "SecurityGroupIds":{"SecurityGroupId":["sg-1","sg-2"]},
 "Attachment":{"DeviceIndex":1,"InstanceId":"","TrunkNetworkInterfaceId":"eni-trunk",
   "NetworkCardIndex":0,"MemberNetworkInterfaceIds":{"MemberNetworkInterfaceId":["eni-m"]}},
 "PrivateIpSets":{"PrivateIpSet":[
   {"PrivateIpAddress":"10.1.0.5","Primary":true,"AssociatedPublicIp":{"AllocationId":null}},
   {"PrivateIpAddress":"10.1.0.6","Primary":false}]},
 "Ipv6Sets":{"Ipv6Set":[{"Ipv6Address":"2001:db8::5"}]},
 "Ipv4PrefixSets":{"Ipv4PrefixSet":[{"Ipv4Prefix":"10.1.0.16/28"}]},
 "Ipv6PrefixSets":{"Ipv6PrefixSet":[{"Ipv6Prefix":"2001:db8:0:1::/80"}]},
 "Tags":{"Tag":[{"TagKey":"creator","TagValue":"catena"}]},
 "DeleteOnRelease":true,"SourceDestCheck":false,"SomethingNew":{"x":[1]}})";

TEST(DescribeNetworkInterfaceAttribute, EveryFieldIsUnderstood) {
  Cloud cloud;
  cloud.transport.then(answer(std::string(kWhole)));
  const auto eni = describe_network_interface_attribute(cloud.client, "eni-1");
  ASSERT_TRUE(eni.ok()) << eni.error().text();
  EXPECT_EQ(eni->status, EniStatus::kInUse);
  EXPECT_EQ(eni->type, EniType::kSecondary);
  EXPECT_EQ(eni->mac.to_string(), "00:16:3e:12:ab:cd");
  EXPECT_EQ(eni->primary_ip, ip("10.1.0.5"));
  EXPECT_THAT(eni->private_ips,
              ElementsAre(PrivateIp{ip("10.1.0.5"), true}, PrivateIp{ip("10.1.0.6"), false}));
  EXPECT_THAT(eni->ipv6s, ElementsAre(ip("2001:db8::5")));
  EXPECT_THAT(eni->ipv4_prefixes, ElementsAre(prefix("10.1.0.16/28")));
  EXPECT_THAT(eni->ipv6_prefixes, ElementsAre(prefix("2001:db8:0:1::/80")));
  EXPECT_EQ(eni->instance_id, "i-1");
  EXPECT_EQ(eni->zone_id, "cn-hangzhou-g");
  EXPECT_THAT(eni->security_group_ids, ElementsAre("sg-1", "sg-2"));
  EXPECT_THAT(eni->tags, ElementsAre(Tag{"creator", "catena"}));
  EXPECT_EQ(eni->description, "");
  EXPECT_EQ(eni->owner_id, "140692647406");
  EXPECT_EQ(eni->trunk_id, "eni-trunk");
  EXPECT_THAT(eni->member_ids, ElementsAre("eni-m"));
  EXPECT_EQ(eni->device_index, 1);
  EXPECT_EQ(eni->queue_number, 8);
  EXPECT_EQ(eni->delete_on_release, true);
  EXPECT_EQ(eni->source_dest_check, false);
  EXPECT_TRUE(eni->service_managed);
  EXPECT_THAT(cloud.transport.params(0), Contains(Pair("NetworkInterfaceId", "eni-1")));
}

TEST(DescribeNetworkInterfaceAttribute, MissingEmptyAndNullListsAreTheSame) {
  for (const char* lists :
       {"", R"(,"PrivateIpSets":{},"Ipv6Sets":{"Ipv6Set":[]},"Tags":null,"Attachment":null)",
        R"(,"PrivateIpSets":{"PrivateIpSet":null},"SecurityGroupIds":[],"PrivateIpAddress":"")"}) {
    Cloud cloud;
    cloud.transport.then(
        answer(R"({"NetworkInterfaceId":"eni-1","Status":"Brewing")" + std::string(lists) + "}"));
    const auto eni = describe_network_interface_attribute(cloud.client, "eni-1");
    ASSERT_TRUE(eni.ok()) << eni.error().text();
    EXPECT_EQ(eni->status, EniStatus::kOther);
    EXPECT_THAT(eni->private_ips, IsEmpty());
    EXPECT_EQ(eni->primary_ip, std::nullopt);
    EXPECT_TRUE(eni->mac.is_zero());
    EXPECT_EQ(eni->instance_id, "");
    EXPECT_EQ(eni->device_index, std::nullopt);
  }
}

TEST(DescribeNetworkInterfaceAttribute, WhatCannotBeUnderstoodIsAnErrorThatNamesIt) {
  for (const char* broken :
       {R"("MacAddress":"00:16")", R"("PrivateIpSets":{"PrivateIpSet":[{"PrivateIpAddress":"x"}]})",
        R"("PrivateIpSets":{"PrivateIpSet":"none"})", R"("QueueNumber":"many")",
        R"("Status":{"a":1})", R"("DeleteOnRelease":"maybe")"}) {
    Cloud cloud;
    cloud.transport.then(answer(R"({"NetworkInterfaceId":"eni-1",)" + std::string(broken) + "}"));
    const auto eni = describe_network_interface_attribute(cloud.client, "eni-1");
    ASSERT_FALSE(eni.ok()) << broken;
    EXPECT_EQ(eni.error().code(), kGarbage);
    EXPECT_THAT(eni.error().message(), HasSubstr("expected"));
  }
}

TEST(DescribeNetworkInterfaceAttribute, AnAnswerAboutAnotherEniIsRefused) {
  Cloud cloud;
  cloud.transport.then(answer(R"({"NetworkInterfaceId":"eni-2"})"));
  EXPECT_EQ(describe_network_interface_attribute(cloud.client, "eni-1").error().code(), kGarbage);
}

TEST(DescribeNetworkInterfaceAttribute, AnAbsentEniIsNotFound) {
  Cloud cloud;
  cloud.transport.then(refuse("InvalidEniId.NotFound", 404));
  EXPECT_TRUE(describe_network_interface_attribute(cloud.client, "eni-1")
                  .error()
                  .is(base::ErrorKind::kNotFound));
}

TEST(CreateNetworkInterface, SendsAllThatIsWanted) {
  Cloud cloud;
  cloud.transport.then(answer(
      R"({"NetworkInterfaceId":"eni-1","Status":"Available","MacAddress":"00:16:3e:00:00:01"})"));
  CreateNetworkInterface wanted;
  wanted.vswitch_id = "vsw-1";
  wanted.security_group_ids = {"sg-1", "sg-2"};
  wanted.name = "name";
  wanted.tags = {{"creator", "catena"}, {"bare", ""}};
  wanted.primary_ip = ip("10.0.0.9");
  wanted.secondary_ip_count = 9;
  wanted.ipv6_count = 2;
  wanted.delete_on_release = true;
  wanted.source_dest_check = false;
  CallOptions options;
  options.client_token = "token-1";
  const auto eni = create_network_interface(cloud.client, wanted, options);
  ASSERT_TRUE(eni.ok()) << eni.error().text();
  EXPECT_EQ(eni->id, "eni-1");
  EXPECT_EQ(eni->status, EniStatus::kAvailable);
  const std::map<std::string, std::string> expected = {
      {"RegionId", "cn-hangzhou"},      {"VSwitchId", "vsw-1"},
      {"SecurityGroupIds.1", "sg-1"},   {"SecurityGroupIds.2", "sg-2"},
      {"NetworkInterfaceName", "name"}, {"Tag.1.Key", "creator"},
      {"Tag.1.Value", "catena"},        {"Tag.2.Key", "bare"},
      {"PrimaryIpAddress", "10.0.0.9"}, {"SecondaryPrivateIpAddressCount", "9"},
      {"Ipv6AddressCount", "2"},        {"InstanceType", "Secondary"},
      {"DeleteOnRelease", "true"},      {"SourceDestCheck", "false"},
      {"ClientToken", "token-1"}};
  EXPECT_EQ(cloud.transport.params(0), expected);
}

TEST(CreateNetworkInterface, ExplicitAddressesAndPrefixesAreLists) {
  Cloud cloud;
  cloud.transport.then(answer(R"({"NetworkInterfaceId":"eni-1"})"));
  CreateNetworkInterface wanted;
  wanted.private_ips = {ip("10.0.0.7"), ip("10.0.0.8")};
  wanted.ipv4_prefixes = {prefix("10.0.0.16/28")};
  wanted.ipv6s = {ip("2001:db8::1")};
  wanted.ipv6_prefix_count = 1;
  wanted.type = EniType::kTrunk;
  ASSERT_TRUE(create_network_interface(cloud.client, wanted).ok());
  const auto params = cloud.transport.params(0);
  EXPECT_EQ(params.at("PrivateIpAddress.2"), "10.0.0.8");
  EXPECT_EQ(params.at("Ipv4Prefix.1"), "10.0.0.16/28");
  EXPECT_EQ(params.at("Ipv6Address.1"), "2001:db8::1");
  EXPECT_EQ(params.at("Ipv6PrefixCount"), "1");
  EXPECT_EQ(params.at("InstanceType"), "Trunk");
  EXPECT_EQ(params.at("ClientToken").size(), 36U) << "one of its own";
}

TEST(CreateNetworkInterface, AnAnswerWithoutAnIdIsAskedForAgainWithTheSameToken) {
  Cloud cloud;
  cloud.transport.then(answer(R"({"RequestId":"R-1"})"));
  cloud.transport.then(answer(R"({"NetworkInterfaceId":"eni-1"})"));
  const auto eni = create_network_interface(cloud.client, {});
  ASSERT_TRUE(eni.ok()) << eni.error().text();
  EXPECT_EQ(cloud.transport.params(0).at("ClientToken"),
            cloud.transport.params(1).at("ClientToken"));

  cloud.transport.always(answer(R"({"RequestId":"R-1"})"));
  EXPECT_EQ(create_network_interface(cloud.client, {}).error().code(), kGarbage);
  EXPECT_EQ(cloud.transport.calls(), 5U);
}

TEST(AttachNetworkInterface, NamesEniAndInstanceAndNoToken) {
  Cloud cloud;
  cloud.transport.then(answer("{}"));
  CallOptions options;
  options.client_token = "not-for-this-call";
  AttachNetworkInterface what;
  what.eni_id = "eni-1";
  what.instance_id = "i-1";
  what.network_card_index = 1;
  what.trunk_id = "eni-t";
  ASSERT_TRUE(attach_network_interface(cloud.client, what, options).ok());
  const std::map<std::string, std::string> expected = {{"RegionId", "cn-hangzhou"},
                                                       {"NetworkInterfaceId", "eni-1"},
                                                       {"InstanceId", "i-1"},
                                                       {"NetworkCardIndex", "1"},
                                                       {"TrunkNetworkInstanceId", "eni-t"}};
  EXPECT_EQ(cloud.transport.params(0), expected);
}

TEST(AttachNetworkInterface, ALostAnswerIsNotRepeatedThoughATokenWasGiven) {
  Cloud cloud;
  cloud.transport.then(fail(kNoAnswer));
  CallOptions options;
  options.client_token = "not-for-this-call";
  const auto status = attach_network_interface(cloud.client, {}, options);
  ASSERT_FALSE(status.ok());
  EXPECT_TRUE(may_have_been_done(status.error()));
  EXPECT_EQ(cloud.transport.calls(), 1U);
}

TEST(RemovingAnEni, WhatIsGoneIsSuccess) {
  for (const char* code : {"InvalidEniId.NotFound", "InvalidEcsId.NotFound",
                           "InvalidInstanceId.NotFound", "InvalidParameter.EniNotBelongEcs"}) {
    Cloud cloud;
    cloud.transport.always(refuse(code, 404));
    AttachNetworkInterface what;
    what.eni_id = "eni-1";
    what.instance_id = "i-1";
    EXPECT_TRUE(detach_network_interface(cloud.client, what).ok()) << code;
    EXPECT_TRUE(attach_network_interface(cloud.client, what).error().is(base::ErrorKind::kNotFound))
        << code;
  }
  Cloud cloud;
  cloud.transport.then(refuse("InvalidEniId.NotFound", 403));
  EXPECT_TRUE(delete_network_interface(cloud.client, "eni-1").ok());
  cloud.transport.then(refuse("InvalidOperation.InvalidEniState", 400));
  EXPECT_EQ(class_of(delete_network_interface(cloud.client, "eni-1").error()), ErrorClass::kState);
}

TEST(ModifyNetworkInterface, SendsOnlyWhatChanges) {
  Cloud cloud;
  cloud.transport.then(answer("{}"));
  ModifyNetworkInterface what;
  what.eni_id = "eni-1";
  what.security_group_ids = {"sg-9"};
  what.description = "";
  ASSERT_TRUE(modify_network_interface_attribute(cloud.client, what).ok());
  const std::map<std::string, std::string> expected = {{"RegionId", "cn-hangzhou"},
                                                       {"NetworkInterfaceId", "eni-1"},
                                                       {"Description", ""},
                                                       {"SecurityGroupId.1", "sg-9"}};
  EXPECT_EQ(cloud.transport.params(0), expected);
}

std::string page_of(int first, int count, const std::string& next) {
  std::string items;
  for (int i = first; i < first + count; ++i) {
    items += (items.empty() ? "" : ",") + std::string(R"({"NetworkInterfaceId":"eni-)") +
             std::to_string(i) + "\"}";
  }
  return R"({"NextToken":")" + next + R"(","NetworkInterfaceSets":{"NetworkInterfaceSet":[)" +
         items + "]}}";
}

TEST(DescribeNetworkInterfaces, FollowsTheTokenToTheEnd) {
  Cloud cloud;
  cloud.transport.then(answer(page_of(0, 10, "t1")));
  cloud.transport.then(answer(page_of(10, 10, "t2")));
  cloud.transport.then(answer(page_of(20, 3, "")));
  NetworkInterfaceFilter filter;
  filter.tags = {{"creator", "catena"}};
  filter.status = EniStatus::kAvailable;
  filter.type = EniType::kSecondary;
  const auto enis = describe_network_interfaces(cloud.client, filter);
  ASSERT_TRUE(enis.ok()) << enis.error().text();
  EXPECT_THAT(*enis, SizeIs(23));
  EXPECT_EQ(enis->back().id, "eni-22");
  EXPECT_EQ(cloud.transport.params(0).at("MaxResults"), "500");
  EXPECT_THAT(cloud.transport.params(0), Not(Contains(Key("NextToken"))));
  EXPECT_EQ(cloud.transport.params(2).at("NextToken"), "t2");
  EXPECT_EQ(cloud.transport.params(2).at("Status"), "Available");
  EXPECT_EQ(cloud.transport.params(2).at("Tag.1.Value"), "catena");
}

TEST(DescribeNetworkInterfaces, ALastPageMayHaveNoTokenAtAll) {
  Cloud cloud;
  cloud.transport.then(answer(R"({"NetworkInterfaceSets":{}})"));
  EXPECT_THAT(*describe_network_interfaces(cloud.client, {}), IsEmpty());
}

TEST(DescribeNetworkInterfaces, AsksForManyIdsInPartsOfAHundred) {
  Cloud cloud;
  cloud.transport.then(answer(page_of(0, 100, "")));
  cloud.transport.then(answer(page_of(100, 50, "")));
  NetworkInterfaceFilter filter;
  for (int i = 0; i < 150; ++i) {
    filter.eni_ids.push_back("eni-" + std::to_string(i));
  }
  EXPECT_THAT(*describe_network_interfaces(cloud.client, filter), SizeIs(150));
  EXPECT_EQ(cloud.transport.params(0).at("NetworkInterfaceId.100"), "eni-99");
  EXPECT_EQ(cloud.transport.params(1).at("NetworkInterfaceId.1"), "eni-100");
  EXPECT_THAT(cloud.transport.params(1), Not(Contains(Key("NetworkInterfaceId.51"))));
}

TEST(DescribeNetworkInterfaces, AListingThatDoesNotEndIsAnError) {
  Cloud cloud;
  cloud.transport.always(answer(page_of(0, 10, "same")));
  const auto enis = describe_network_interfaces(cloud.client, {});
  ASSERT_FALSE(enis.ok());
  EXPECT_EQ(enis.error().code(), kGarbage);
  EXPECT_LE(cloud.transport.calls(), 3U);
}

TEST(DescribeNetworkInterfaces, AllPagesShareOneBudget) {
  Cloud cloud;
  int page = 0;
  cloud.transport.always([&](const HttpRequest& request) {
    cloud.pace.sleep(std::chrono::seconds(15));
    return answer(page_of(0, 1, "t" + std::to_string(++page)))(request);
  });
  const auto enis = describe_network_interfaces(cloud.client, {});
  ASSERT_FALSE(enis.ok());
  EXPECT_THAT(enis.error().message(), HasSubstr("not finished within 60000 ms"));
  EXPECT_EQ(cloud.transport.calls(), 4U);
}

}  // namespace
}  // namespace catena::cloud
