// Scenes and the console: what they take, and how they say no.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sim/cloud_fixture.h"

namespace catena {
namespace {

using nlohmann::json;
using test::Cloud;
using test::instant_scene;
using test::node;
using testing::HasSubstr;

std::string complaint(const char* text) {
  const auto scene = sim::parse_scene(json::parse(text));
  if (!scene.ok()) {
    EXPECT_TRUE(scene.error().is(base::ErrorKind::kBadConfig));
    return scene.error().text();
  }
  const auto world = sim::World::create(*scene);
  return world.ok() ? "taken" : world.error().text();
}

TEST(SimScene, AnEmptyObjectIsTheDefaultVpc) {
  const auto scene = sim::parse_scene(json::object());
  ASSERT_TRUE(scene.ok());
  EXPECT_EQ(scene->region, "cn-hangzhou");
  EXPECT_EQ(scene->vswitches.size(), 3U);
  EXPECT_TRUE(scene->instances.empty());
}

TEST(SimScene, NodesAreSpreadOverTheZones) {
  Cloud cloud(sim::parse_scene(json::parse(R"({"nodes": 4, "nodeType": "ecs.g6.large"})")).value());
  std::vector<std::string> zones;
  for (const auto& instance : cloud->instances()) {
    zones.push_back(instance.zone);
    EXPECT_EQ(instance.type, "ecs.g6.large");
  }
  EXPECT_THAT(zones, testing::ElementsAre("cn-hangzhou-h", "cn-hangzhou-i", "cn-hangzhou-j",
                                          "cn-hangzhou-h"));
}

TEST(SimScene, EveryKeyIsRead) {
  const auto scene = sim::parse_scene(json::parse(R"({
    "seed": 9, "region": "cn-beijing", "account": "42", "startSeconds": 1000,
    "vpcs": [{"id": "vpc-1", "name": "n", "cidr": "10.0.0.0/8", "ipv6Cidr": "2001:db8::/56",
              "customRouteTables": ["vtb-1"], "tags": {"a": "b"}}],
    "vswitches": [{"id": "vsw-1", "name": "n", "vpc": "vpc-1", "zone": "cn-beijing-a",
                   "cidr": "10.1.0.0/24", "ipv6Cidr": "2001:db8::/64",
                   "prefixReservations": ["10.1.0.128/25"], "taken": 5, "pending": true,
                   "tags": {"a": "b"}}],
    "securityGroups": [{"id": "sg-1", "vpc": "vpc-1", "type": "enterprise"}],
    "instanceTypes": [{"id": "ecs.x.large", "cores": 2, "memoryGib": 4, "enis": 5, "totalEnis": 7,
                       "ipv4PerEni": 3, "ipv6PerEni": 2, "trunk": false, "jumbo": true,
                       "hotPlug": false, "bandwidthKbps": 10, "queuesPerEni": 1}],
    "instances": [{"id": "i-1", "name": "one", "type": "ecs.x.large", "vswitch": "vsw-1",
                   "privateIp": "10.1.0.9", "ipv6": true, "securityGroups": ["sg-1"],
                   "state": "Stopped", "role": "r", "netns": "ns", "metadataEnabled": false,
                   "metadataTokens": "required", "jumbo": true, "tags": {"a": "b"}}],
    "enis": [{"id": "eni-1", "name": "nn", "description": "dd", "vswitch": "vsw-1",
              "securityGroups": ["sg-1"], "serviceManaged": true, "tags": {"a": "b"}}],
    "keys": [{"id": "k", "secret": "s", "user": "u", "enabled": false, "allow": ["ecs:*"],
              "deny": ["vpc:*"]}],
    "roles": [{"name": "r", "allow": ["*"], "deny": [], "oidcProvider": "arn",
               "sessionSeconds": 900}],
    "delays": {"attach": [1, 2], "detach": 3, "deleteEni": 4, "eniCall": 5, "routeCall": 6,
               "routeCreate": 7, "routeDelete": 8, "start": 9, "stop": 10, "addressCoolDown": 11,
               "tokenLife": 12},
    "lags": {"describe": 1, "availableCount": 2, "metadata": 3, "guestDevice": [4, 5]},
    "faults": {"attachFailsPercent": 1, "detachSticksPercent": 2, "deleteSticksPercent": 3},
    "limits": {"enis": 1, "groupsPerEni": 2, "ipsPerBasicGroup": 3, "ipsPerEnterpriseGroup": 4,
               "tags": 5, "assignAvailable": 6, "assignAvailableExplicit": 7, "createExplicit": 8,
               "prefixesPerCall": 9, "ipv6PerCall": 10, "routesPerTable": 11},
    "defaults": {"deleteOnRelease": false, "sourceDestCheck": false},
    "rates": {"default": 7, "DescribeInstances": 8},
    "nodes": 0, "nodeType": "ecs.g7.large", "instant": false})"));
  ASSERT_TRUE(scene.ok()) << scene.error().text();
  EXPECT_EQ(scene->seed, 9U);
  EXPECT_EQ(scene->start.time_since_epoch().count(), 1'000'000);
  EXPECT_EQ(scene->vpcs[0].custom_tables[0], "vtb-1");
  EXPECT_EQ(scene->vswitches[0].taken, 5);
  EXPECT_TRUE(scene->security_groups[0].enterprise);
  EXPECT_EQ(scene->instance_types[0].total_enis, 7);
  EXPECT_FALSE(scene->instance_types[0].hot_plug);
  EXPECT_EQ(scene->instances[0].private_ip->to_string(), "10.1.0.9");
  EXPECT_FALSE(scene->instances[0].running);
  EXPECT_TRUE(scene->instances[0].metadata_tokens_required);
  EXPECT_TRUE(scene->enis[0].service_managed);
  EXPECT_FALSE(scene->keys[0].enabled);
  EXPECT_EQ(scene->roles[0].session_seconds, 900);
  EXPECT_EQ(scene->delays.attach.most, sim::Millis{2});
  EXPECT_EQ(scene->delays.token_life, sim::Millis{12});
  EXPECT_EQ(scene->lags.guest_device.least, sim::Millis{4});
  EXPECT_EQ(scene->faults.delete_sticks_percent, 3);
  EXPECT_EQ(scene->limits.routes_per_table, 11);
  EXPECT_FALSE(scene->defaults.delete_on_release);
  EXPECT_EQ(scene->default_rate, 7);
  EXPECT_EQ(scene->rates.at("DescribeInstances"), 8);
}

TEST(SimScene, UnknownAndBadKeysAreNamedWithTheirPath) {
  EXPECT_THAT(complaint(R"({"node": 3})"), HasSubstr("nodes"));
  EXPECT_THAT(complaint(R"({"delays": {"atach": 3}})"), HasSubstr("delays.atach"));
  EXPECT_THAT(complaint(R"({"delays": {"attach": [5, 1]}})"), HasSubstr("delays.attach"));
  EXPECT_THAT(complaint(R"({"delays": {"attach": [1, 2, 3]}})"), HasSubstr("delays.attach"));
  EXPECT_THAT(complaint(R"({"vswitches": [{"id": "v", "zone": "z"}]})"),
              HasSubstr("vswitches[0].cidr"));
  EXPECT_THAT(complaint(R"({"account": "me"})"), HasSubstr("account"));
  EXPECT_THAT(complaint(R"({"nodes": -1})"), HasSubstr("nodes"));
  EXPECT_THAT(complaint(R"({"nodes": 1, "nodeType": "ecs.none"})"), HasSubstr("ecs.none"));
  EXPECT_THAT(complaint(R"({"vpcs": []})"), HasSubstr("vpcs"));
}

TEST(SimScene, ContradictionsAreRefused) {
  EXPECT_THAT(complaint(R"({"vswitches": [
      {"id": "a", "zone": "z", "cidr": "192.168.0.0/24"},
      {"id": "b", "zone": "z", "cidr": "192.168.0.128/25"}]})"),
              HasSubstr("overlap"));
  EXPECT_THAT(complaint(R"({"vswitches": [{"id": "a", "zone": "z", "cidr": "10.0.0.0/24"}]})"),
              HasSubstr("within 192.168.0.0/16"));
  EXPECT_THAT(complaint(R"({"vswitches": [{"id": "a", "zone": "z", "cidr": "192.168.0.0/24",
      "prefixReservations": ["10.0.0.0/28"]}]})"),
              HasSubstr("reservation"));
  EXPECT_THAT(complaint(R"({"instances": [{"id": "i", "vswitch": "vsw-none"}]})"),
              HasSubstr("vsw-none"));
  EXPECT_THAT(complaint(R"({"vswitches": [{"id": "a", "zone": "z", "cidr": "192.168.0.0/24"}],
      "instances": [{"id": "i", "vswitch": "a", "privateIp": "192.168.0.9"},
                    {"id": "j", "vswitch": "a", "privateIp": "192.168.0.9"}]})"),
              HasSubstr("already assigned"));
  EXPECT_THAT(complaint(R"({"vswitches": [{"id": "a", "zone": "z", "cidr": "192.168.0.0/28",
      "taken": 13}]})"),
              HasSubstr("not enough"));
}

TEST(SimConsole, SaysWhatItDoesNotKnow) {
  Cloud cloud(instant_scene(1));
  const auto error = [&](const json& request) {
    const auto answer = cloud->console(request);
    EXPECT_FALSE(answer.ok()) << request;
    return answer.ok() ? std::string() : answer.error().text();
  };
  EXPECT_THAT(error({{"do", "explode"}}), HasSubstr("terminate_instance"));
  EXPECT_THAT(error({{"do", "delete_eni"}}), HasSubstr("eni"));
  EXPECT_THAT(error({{"do", "delete_eni"}, {"eni", "eni-none"}}), HasSubstr("eni-none"));
  EXPECT_THAT(error({{"do", "delete_eni"}, {"eni", cloud.create_eni()}, {"force", true}}),
              HasSubstr("force"));
  EXPECT_THAT(error({{"do", "start_instance"}, {"instance", node(1)}}), HasSubstr("Running"));
  EXPECT_THAT(error({{"do", "configure"}, {"limits", {{"eni", 3}}}}), HasSubstr("limits.eni"));
}

TEST(SimConsole, ChangesLimitsAndTimesOfARunningWorld) {
  Cloud cloud(instant_scene(1));
  cloud.create_eni();
  cloud.console({{"do", "configure"}, {"limits", {{"enis", 1}}}, {"delays", {{"eniCall", 900}}}});
  EXPECT_EQ(cloud.code("ecs/CreateNetworkInterface",
                       {{"VSwitchId", test::vswitch('h')}, {"SecurityGroupId", test::kGroup}}),
            "MaxEniCountExceeded");
  cloud.console({{"do", "configure"}, {"limits", {{"enis", 2}}}});
  cloud.create_eni();
  EXPECT_EQ(cloud->answer_after(), sim::Millis{900});
}

TEST(SimConsole, AddressesComeAndGoBehindTheCallersBack) {
  Cloud cloud(instant_scene(1));
  const std::string eni = cloud.attached_eni(node(1));
  const json given = cloud.console({{"do", "assign"}, {"eni", eni}, {"count", 2}});
  EXPECT_EQ(cloud.eni(eni)["ipv4"].size(), 3U);
  cloud.console({{"do", "unassign"}, {"eni", eni}, {"address", given["addresses"][0]}});
  EXPECT_EQ(cloud.eni(eni)["ipv4"].size(), 2U);
  EXPECT_FALSE(
      cloud->console({{"do", "unassign"}, {"eni", eni}, {"address", cloud.eni(eni)["ipv4"][0]}})
          .ok());
  cloud.console({{"do", "set_tags"}, {"eni", eni}, {"tags", {{"who", "else"}}}});
  EXPECT_EQ(cloud.eni(eni)["tags"], json({{"who", "else"}}));
  cloud.console({{"do", "remove_security_group"}, {"securityGroup", test::kGroup}});
  EXPECT_TRUE(cloud.eni(eni)["securityGroups"].empty());
  cloud.console({{"do", "detach_eni"}, {"eni", eni}});
  EXPECT_EQ(cloud.state_of(eni), "Available");
}

TEST(SimConsole, AMachineCanBeAddedAndItsMetadataChanged) {
  Cloud cloud(instant_scene(1));
  cloud.console(
      {{"do", "run_instance"}, {"instance", {{"id", "i-new"}, {"vswitch", test::vswitch('h')}}}});
  EXPECT_EQ(cloud->nics_of("i-new").size(), 1U);
  cloud.console(
      {{"do", "set_metadata"}, {"instance", "i-new"}, {"tokens", "required"}, {"role", "x"}});
  EXPECT_TRUE(cloud->instance("i-new")->metadata_tokens_required);
  EXPECT_EQ(cloud->instance("i-new")->role, "x");
}

}  // namespace
}  // namespace catena
