// What listings show: filters, pages, and how late.
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sim/cloud_fixture.h"

namespace catena {
namespace {

using nlohmann::json;
using test::Cloud;
using test::instant_scene;
using test::node;
using test::Parameters;
using test::vswitch;

std::vector<std::string> ids(const json& answer) {
  std::vector<std::string> found;
  for (const json& eni : answer["NetworkInterfaceSets"]["NetworkInterfaceSet"]) {
    found.push_back(eni["NetworkInterfaceId"]);
  }
  return found;
}

std::vector<std::string> found_enis(Cloud& cloud, Parameters filters) {
  filters["MaxResults"] = "500";
  return ids(cloud.ok("ecs/DescribeNetworkInterfaces", filters));
}

TEST(SimListing, TenRowsAPageUnlessAskedForMore) {
  Cloud cloud(instant_scene(0));
  std::set<std::string> made;
  for (int i = 0; i < 25; ++i) {
    made.insert(cloud.create_eni());
  }
  std::set<std::string> seen;
  Parameters parameters;
  std::vector<std::size_t> pages;
  do {
    const json page = cloud.ok("ecs/DescribeNetworkInterfaces", parameters);
    const auto rows = ids(page);
    pages.push_back(rows.size());
    seen.insert(rows.begin(), rows.end());
    parameters["NextToken"] = page["NextToken"];
  } while (!parameters["NextToken"].empty() && pages.size() < 10);
  EXPECT_THAT(pages, testing::ElementsAre(10, 10, 5));
  EXPECT_EQ(seen, made);
  EXPECT_EQ(ids(cloud.ok("ecs/DescribeNetworkInterfaces", {{"MaxResults", "3"}})).size(), 10U);
  EXPECT_EQ(ids(cloud.ok("ecs/DescribeNetworkInterfaces", {{"MaxResults", "9999"}})).size(), 25U);
  const json numbered =
      cloud.ok("ecs/DescribeNetworkInterfaces", {{"PageNumber", "3"}, {"PageSize", "10"}});
  EXPECT_EQ(ids(numbered).size(), 5U);
  EXPECT_EQ(numbered["TotalCount"], 25);
}

TEST(SimListing, RowsThatGoBetweenPagesHideNoOthers) {
  Cloud cloud(instant_scene(0));
  std::vector<std::string> made;
  for (int i = 0; i < 15; ++i) {
    made.push_back(cloud.create_eni());
  }
  const json first = cloud.ok("ecs/DescribeNetworkInterfaces", {});
  for (int i = 0; i < 3; ++i) {
    cloud.console({{"do", "delete_eni"}, {"eni", made[static_cast<std::size_t>(i)]}});
  }
  const json second =
      cloud.ok("ecs/DescribeNetworkInterfaces", {{"NextToken", first["NextToken"]}});
  EXPECT_EQ(ids(second), std::vector<std::string>(made.begin() + 10, made.end()));
}

TEST(SimListing, TokensExpireAndFitTheirOwnListingOnly) {
  Cloud cloud(instant_scene(4));
  for (int i = 0; i < 12; ++i) {
    cloud.create_eni();
  }
  const std::string token = cloud.ok("ecs/DescribeNetworkInterfaces", {})["NextToken"];
  ASSERT_FALSE(token.empty());
  EXPECT_EQ(cloud.code("ecs/DescribeNetworkInterfaces", {{"NextToken", "1"}}),
            "InvalidParameter.NextToken");
  EXPECT_EQ(
      cloud.code("ecs/DescribeNetworkInterfaces", {{"NextToken", token}, {"Status", "Available"}}),
      "InvalidParameter.NextToken");
  cloud->advance(sim::Millis{600'000});
  EXPECT_EQ(cloud.code("ecs/DescribeNetworkInterfaces", {{"NextToken", token}}),
            "InvalidParameter.NextToken");
  const Parameters small{{"RouteTableId", cloud.table()}, {"MaxResult", "2"}};
  Parameters next = small;
  next["NextToken"] = cloud.ok("vpc/DescribeRouteEntryList", small)["NextToken"];
  cloud.ok("vpc/DescribeRouteEntryList", next);
  cloud->advance(sim::Millis{600'000});
  EXPECT_EQ(cloud.code("vpc/DescribeRouteEntryList", next), "IllegalParam.NextTokenExpired");
  next["NextToken"] = "nonsense";
  EXPECT_EQ(cloud.code("vpc/DescribeRouteEntryList", next), "IllegalParam.NextToken");
}

TEST(SimListing, TheLastPageOfRoutesHasNoToken) {
  Cloud cloud(instant_scene(1));
  EXPECT_FALSE(
      cloud
          .ok("vpc/DescribeRouteEntryList", {{"RouteTableId", cloud.table()}, {"MaxResult", "500"}})
          .contains("NextToken"));
}

TEST(SimListing, VpcPagesHoldFiftyAtMost) {
  sim::Scene scene = instant_scene(0);
  scene.vswitches.clear();
  for (int i = 0; i < 60; ++i) {
    sim::SceneVSwitch made;
    made.id = "vsw-" + std::to_string(i);
    made.vpc = scene.vpcs[0].id;
    made.zone = "cn-hangzhou-h";
    made.cidr = base::Prefix::parse("192.168." + std::to_string(i) + ".0/24").value();
    scene.vswitches.push_back(made);
  }
  Cloud cloud(scene);
  const auto rows = [&](const Parameters& parameters) {
    return cloud.ok("vpc/DescribeVSwitches", parameters)["VSwitches"]["VSwitch"].size();
  };
  EXPECT_EQ(rows({}), 10U);
  EXPECT_EQ(rows({{"PageSize", "500"}}), 50U);
  EXPECT_EQ(rows({{"PageSize", "50"}, {"PageNumber", "2"}}), 10U);
  EXPECT_EQ(rows({{"PageSize", "50"}, {"PageNumber", "9"}}), 0U);
  EXPECT_EQ(rows({{"VSwitchId", "vsw-7"}}), 1U);
  EXPECT_EQ(rows({{"VSwitchId", "vsw-7,vsw-8,vsw-none"}}), 2U);
  EXPECT_EQ(cloud.code("vpc/DescribeVSwitches", {{"VSwitchId", "vsw-none"}}),
            "InvalidVSwitchId.NotFound");
  EXPECT_EQ(cloud.code("vpc/DescribeVSwitches", {{"VpcId", "vpc-none"}}), "Forbidden.VpcNotFound");
}

TEST(SimListing, InstanceTypesComeAHundredAtATime) {
  sim::Scene scene = instant_scene(0);
  for (int i = 0; i < 120; ++i) {
    sim::InstanceType type;
    type.id = "ecs.test" + std::to_string(i) + ".large";
    scene.instance_types.push_back(type);
  }
  Cloud cloud(scene);
  const json first = cloud.ok("ecs/DescribeInstanceTypes", {{"MaxResults", "1600"}});
  EXPECT_EQ(first["InstanceTypes"]["InstanceType"].size(), 100U);
  const json second = cloud.ok("ecs/DescribeInstanceTypes",
                               {{"MaxResults", "1600"}, {"NextToken", first["NextToken"]}});
  EXPECT_GT(second["InstanceTypes"]["InstanceType"].size(), 20U);
  EXPECT_EQ(second["NextToken"], "");
  const json g7 = cloud.ok("ecs/DescribeInstanceTypes", {{"InstanceTypes.1", "ecs.g7.xlarge"}});
  EXPECT_EQ(g7["InstanceTypes"]["InstanceType"][0]["EniQuantity"], 4);
  EXPECT_EQ(g7["InstanceTypes"]["InstanceType"][0]["EniPrivateIpAddressQuantity"], 15);
}

TEST(SimListing, EveryFilterOfEnisNarrowsTheList) {
  Cloud cloud(instant_scene(1));
  const std::string a = cloud.attached_eni(
      node(1), {{"NetworkInterfaceName", "alpha"}, {"Tag.1.Key", "owner"}, {"Tag.1.Value", "x"}});
  const std::string b = cloud.create_eni({{"VSwitchId", vswitch('i')}, {"Tag.1.Key", "owner"}});
  const std::string address = cloud.eni(a)["ipv4"][0];
  using testing::ElementsAre;
  EXPECT_THAT(found_enis(cloud, {{"NetworkInterfaceId.1", b}, {"NetworkInterfaceId.2", "eni-no"}}),
              ElementsAre(b));
  EXPECT_THAT(found_enis(cloud, {{"NetworkInterfaceId.1", "eni-no"}}), ElementsAre());
  EXPECT_THAT(found_enis(cloud, {{"VSwitchId", vswitch('i')}}), ElementsAre(b));
  EXPECT_THAT(found_enis(cloud, {{"Status", "InUse"}, {"Type", "Secondary"}}), ElementsAre(a));
  EXPECT_THAT(found_enis(cloud, {{"InstanceId", node(1)}}).size(), 2);
  EXPECT_THAT(found_enis(cloud, {{"NetworkInterfaceName", "alpha"}}), ElementsAre(a));
  EXPECT_THAT(found_enis(cloud, {{"PrimaryIpAddress", address}}), ElementsAre(a));
  EXPECT_THAT(found_enis(cloud, {{"PrivateIpAddress.1", address}}), ElementsAre(a));
  EXPECT_THAT(found_enis(cloud, {{"Tag.1.Key", "owner"}}), ElementsAre(a, b));
  EXPECT_THAT(found_enis(cloud, {{"Tag.1.Key", "owner"}, {"Tag.1.Value", "x"}}), ElementsAre(a));
  EXPECT_THAT(found_enis(cloud, {{"SecurityGroupId", test::kGroup}}), ElementsAre(a, b));
  EXPECT_THAT(found_enis(cloud, {{"ServiceManaged", "true"}}), ElementsAre());
  EXPECT_THAT(found_enis(cloud, {{"VpcId", "vpc-none"}}), ElementsAre());
}

TEST(SimListing, InstancesAreFoundByAJsonListOfIds) {
  Cloud cloud(instant_scene(3));
  const auto rows = [&](const Parameters& parameters) {
    return cloud.ok("ecs/DescribeInstances", parameters)["Instances"]["Instance"].size();
  };
  EXPECT_EQ(rows({}), 3U);
  EXPECT_EQ(rows({{"InstanceIds", json({node(1), node(3)}).dump()}}), 2U);
  EXPECT_EQ(rows({{"InstanceIds", "[]"}}), 0U);
  EXPECT_EQ(rows({{"InstanceIds", R"(["i-none"])"}}), 0U);
  EXPECT_EQ(rows({{"Status", "Stopped"}}), 0U);
  EXPECT_EQ(cloud.code("ecs/DescribeInstances", {{"InstanceIds", node(1)}}), "InvalidParameter");
  EXPECT_EQ(cloud.code("ecs/DescribeInstances", {{"DryRun", "true"}}), "DryRunOperation");
  EXPECT_EQ(cloud.code("ecs/DescribeInstanceAttribute", {{"InstanceId", "i-none"}}),
            "InvalidInstanceId.NotFound");
}

TEST(SimListing, AMissingEniIsNoRowButAnErrorOfTheAttributeCall) {
  Cloud cloud(instant_scene(0));
  EXPECT_TRUE(found_enis(cloud, {{"NetworkInterfaceId.1", "eni-none"}}).empty());
  const sim::Refusal refusal =
      cloud.refused("ecs/DescribeNetworkInterfaceAttribute", {{"NetworkInterfaceId", "eni-none"}});
  EXPECT_EQ(refusal.status, 404);
  EXPECT_EQ(refusal.code, "InvalidEniId.NotFound");
}

TEST(SimLag, ListingsShowAChangeLater) {
  sim::Scene scene = instant_scene(1);
  scene.lags.describe = {sim::Millis{2000}, sim::Millis{2000}};
  Cloud cloud(scene);
  const std::string eni = cloud.create_eni();
  const Parameters one{{"NetworkInterfaceId.1", eni}};
  EXPECT_TRUE(found_enis(cloud, one).empty());
  cloud->advance(sim::Millis{2000});
  EXPECT_EQ(found_enis(cloud, one).size(), 1U);
  cloud.console({{"do", "delete_eni"}, {"eni", eni}});
  EXPECT_EQ(found_enis(cloud, one).size(), 1U);
  EXPECT_EQ(cloud.code("ecs/AttachNetworkInterface",
                       {{"NetworkInterfaceId", eni}, {"InstanceId", node(1)}}),
            "InvalidEniId.NotFound");
  cloud->advance(sim::Millis{2000});
  EXPECT_TRUE(found_enis(cloud, one).empty());
}

TEST(SimLag, NothingIsSeenToGoBack) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    sim::Scene scene = instant_scene(1);
    scene.seed = seed;
    scene.lags.describe = {sim::Millis{0}, sim::Millis{3000}};
    Cloud cloud(scene);
    const std::string eni = cloud.create_eni();
    for (int i = 0; i < 5; ++i) {
      cloud.ok("ecs/AssignPrivateIpAddresses",
               {{"NetworkInterfaceId", eni}, {"SecondaryPrivateIpAddressCount", "1"}});
      cloud->advance(sim::Millis{100});
    }
    std::size_t last = 0;
    for (int step = 0; step < 40; ++step) {
      const json page = cloud.ok("ecs/DescribeNetworkInterfaces", {{"NetworkInterfaceId.1", eni}});
      const json rows = page["NetworkInterfaceSets"]["NetworkInterfaceSet"];
      const std::size_t now = rows.empty() ? 0 : rows[0]["PrivateIpSets"]["PrivateIpSet"].size();
      EXPECT_GE(now, last) << "seed " << seed;
      last = now;
      cloud->advance(sim::Millis{100});
    }
    EXPECT_EQ(last, 6U) << "seed " << seed;
  }
}

TEST(SimLag, FreeAddressesAreCountedLate) {
  sim::Scene scene = instant_scene(0);
  scene.lags.available_count = {sim::Millis{5000}, sim::Millis{5000}};
  Cloud cloud(scene);
  const auto count = [&]() {
    return cloud
        .ok("vpc/DescribeVSwitches",
            {{"VSwitchId", vswitch('h')}})["VSwitches"]["VSwitch"][0]["AvailableIpAddressCount"]
        .get<int>();
  };
  EXPECT_EQ(count(), 4092);
  cloud.create_eni();
  EXPECT_EQ(count(), 4092);
  cloud->advance(sim::Millis{5000});
  EXPECT_EQ(count(), 4091);
}

TEST(SimLag, MetadataKnowsEnisAndAddressesLate) {
  sim::Scene scene = instant_scene(1);
  scene.lags.metadata = {sim::Millis{8000}, sim::Millis{8000}};
  Cloud cloud(scene);
  ASSERT_EQ(cloud->nics_of(node(1)).size(), 1U);
  EXPECT_TRUE(cloud->nics_of(node(1))[0].primary);
  const std::string eni = cloud.create_eni();
  cloud.ok("ecs/AttachNetworkInterface", {{"NetworkInterfaceId", eni}, {"InstanceId", node(1)}});
  cloud->advance(sim::Millis{1});
  ASSERT_EQ(cloud.state_of(eni), "InUse");
  EXPECT_EQ(cloud->nics_of(node(1)).size(), 1U);
  cloud->advance(sim::Millis{8000});
  ASSERT_EQ(cloud->nics_of(node(1)).size(), 2U);
  cloud.ok("ecs/AssignPrivateIpAddresses",
           {{"NetworkInterfaceId", eni}, {"SecondaryPrivateIpAddressCount", "2"}});
  EXPECT_EQ(cloud->nics_of(node(1))[1].ipv4.size(), 1U);
  cloud->advance(sim::Millis{8000});
  EXPECT_EQ(cloud->nics_of(node(1))[1].ipv4.size(), 3U);
}

}  // namespace
}  // namespace catena
