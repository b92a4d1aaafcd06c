// The addresses of a vSwitch: given, taken back, reserved, used up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/ip.h"
#include "tests/unit/sim/cloud_fixture.h"

namespace catena {
namespace {

using nlohmann::json;
using test::Cloud;
using test::instant_scene;
using test::node;
using test::Parameters;
using test::vswitch;

// One vSwitch of the given size and one machine in it.
sim::Scene small_scene(const char* cidr, const char* ipv6_cidr = "2001:db8:1234:1a00::/64") {
  sim::Scene scene = instant_scene(1);
  scene.vswitches.resize(1);
  scene.vswitches[0].cidr = base::Prefix::parse(cidr).value();
  scene.vswitches[0].ipv6_cidr = base::Prefix::parse(ipv6_cidr).value();
  return scene;
}

Parameters by_count(const std::string& eni, int count) {
  return {{"NetworkInterfaceId", eni}, {"SecondaryPrivateIpAddressCount", std::to_string(count)}};
}

Parameters by_address(const std::string& eni, const std::string& address) {
  return {{"NetworkInterfaceId", eni}, {"PrivateIpAddress.1", address}};
}

std::int64_t available(Cloud& cloud) {
  return cloud.ok("vpc/DescribeVSwitches",
                  {})["VSwitches"]["VSwitch"][0]["AvailableIpAddressCount"];
}

TEST(SimAddresses, AssignAnswersTheNewOnesAndUnassignTakesThemBack) {
  Cloud cloud(instant_scene(1));
  const std::string eni = cloud.attached_eni(node(1));
  const json answer = cloud.ok("ecs/AssignPrivateIpAddresses", by_count(eni, 3));
  const json addresses =
      answer["AssignedPrivateIpAddressesSet"]["PrivateIpSet"]["PrivateIpAddress"];
  ASSERT_EQ(addresses.size(), 3U);
  EXPECT_EQ(cloud.eni(eni)["ipv4"].size(), 4U);
  cloud.ok("ecs/UnassignPrivateIpAddresses", {{"NetworkInterfaceId", eni},
                                              {"PrivateIpAddress.1", addresses[0]},
                                              {"PrivateIpAddress.2", addresses[2]}});
  const json left = cloud.eni(eni)["ipv4"];
  ASSERT_EQ(left.size(), 2U);
  EXPECT_EQ(left[1], addresses[1]);
}

TEST(SimAddresses, UnassignOfWhatIsNotThereIsRefusedAsAWhole) {
  Cloud cloud(instant_scene(1));
  const std::string eni = cloud.attached_eni(node(1));
  const json answer = cloud.ok("ecs/AssignPrivateIpAddresses", by_count(eni, 1));
  const std::string mine =
      answer["AssignedPrivateIpAddressesSet"]["PrivateIpSet"]["PrivateIpAddress"][0];
  const sim::Refusal refusal =
      cloud.refused("ecs/UnassignPrivateIpAddresses", {{"NetworkInterfaceId", eni},
                                                       {"PrivateIpAddress.1", mine},
                                                       {"PrivateIpAddress.2", "192.168.15.9"}});
  EXPECT_EQ(refusal.code, "InvalidIp.IpUnassigned");
  EXPECT_EQ(refusal.message, "The specified IP \"192.168.15.9\" is not assigned on this ENI.");
  EXPECT_EQ(cloud.eni(eni)["ipv4"].size(), 2U);
  const std::string primary = cloud.eni(eni)["ipv4"][0];
  EXPECT_EQ(cloud.code("ecs/UnassignPrivateIpAddresses", by_address(eni, primary)),
            "InvalidIp.IpUnassigned");
}

TEST(SimAddresses, FirstAndLastThreeOfAVSwitchAreNeverGiven) {
  Cloud cloud(small_scene("192.168.0.0/28"));  // 12 of 16, one for the machine
  EXPECT_EQ(available(cloud), 11);
  const std::string eni = cloud.create_eni({{"SecondaryPrivateIpAddressCount", "10"}});
  const std::vector<std::string> held = cloud.eni(eni)["ipv4"];
  for (const std::string& address : held) {
    EXPECT_THAT(address, testing::Not(testing::AnyOf("192.168.0.0", "192.168.0.13", "192.168.0.14",
                                                     "192.168.0.15")));
  }
  EXPECT_EQ(available(cloud), 0);
  EXPECT_EQ(cloud->nics_of(node(1))[0].gateway.to_string(), "192.168.0.13");
  for (const char* reserved : {"192.168.0.0", "192.168.0.13", "192.168.0.15", "192.168.0.99"}) {
    EXPECT_EQ(cloud.code("ecs/AssignPrivateIpAddresses", by_address(eni, reserved)),
              "InvalidVSwitchId.IpInvalid")
        << reserved;
  }
}

TEST(SimAddresses, ADefaultVSwitchHas4092) {
  sim::Scene scene = instant_scene(0);
  Cloud cloud(scene);
  EXPECT_EQ(available(cloud), 4092);
}

TEST(SimAddresses, ShortageRefusesTheWholeCall) {
  Cloud cloud(small_scene("192.168.0.0/28"));
  const std::string eni = cloud.create_eni();
  cloud.console({{"do", "take_addresses"}, {"vswitch", vswitch('h')}, {"leave", 2}});
  const sim::Refusal refusal = cloud.refused("ecs/AssignPrivateIpAddresses", by_count(eni, 3));
  EXPECT_EQ(refusal.status, 403);
  EXPECT_EQ(refusal.code, "InvalidVSwitchId.IpNotEnough");
  EXPECT_EQ(refusal.message,
            "The specified VSwitch \"" + vswitch('h') + "\" has not enough IpAddress.");
  EXPECT_EQ(available(cloud), 2);
  cloud.ok("ecs/AssignPrivateIpAddresses", by_count(eni, 2));
  EXPECT_EQ(cloud.code("ecs/CreateNetworkInterface",
                       {{"VSwitchId", vswitch('h')}, {"SecurityGroupId", test::kGroup}}),
            "InvalidVSwitchId.IpNotEnough");
  cloud.console({{"do", "give_addresses"}, {"vswitch", vswitch('h')}, {"count", 1}});
  cloud.create_eni();
}

TEST(SimAddresses, AnAddressHasOneOwner) {
  Cloud cloud(instant_scene(1));
  const std::string a = cloud.create_eni({{"PrimaryIpAddress", "192.168.1.1"}});
  EXPECT_EQ(cloud.eni(a)["ipv4"][0], "192.168.1.1");
  const std::string b = cloud.create_eni();
  EXPECT_EQ(cloud.code("ecs/AssignPrivateIpAddresses", by_address(b, "192.168.1.1")),
            "InvalidIp.IpAssigned");
  EXPECT_EQ(cloud.code("ecs/AssignPrivateIpAddresses", {{"NetworkInterfaceId", b},
                                                        {"PrivateIpAddress.1", "192.168.1.2"},
                                                        {"PrivateIpAddress.2", "192.168.1.2"}}),
            "InvalidIp.IpRepeated");
  EXPECT_EQ(cloud.code("ecs/AssignPrivateIpAddresses", by_address(b, "192.168.1.256")),
            "InvalidIp.Address");
  EXPECT_EQ(cloud.code("ecs/AssignPrivateIpAddresses", by_address(b, "10.0.0.1")),
            "InvalidVSwitchId.IpInvalid");
}

TEST(SimAddresses, InstanceTypeBoundsTheAddressesOfAnEni) {
  Cloud cloud(instant_scene(1));
  const std::string eni = cloud.attached_eni(node(1));
  EXPECT_EQ(cloud.code("ecs/AssignPrivateIpAddresses", by_count(eni, 15)),
            "InvalidOperation.Ipv4CountExceeded");
  cloud.ok("ecs/AssignPrivateIpAddresses", by_count(eni, 14));
  EXPECT_EQ(cloud.code("ecs/AssignPrivateIpAddresses", by_count(eni, 1)),
            "InvalidOperation.Ipv4CountExceeded");
  const std::string primary = cloud->dump()["instances"][0]["primaryEni"];
  cloud.ok("ecs/AssignPrivateIpAddresses", by_count(primary, 14));
}

TEST(SimAddresses, AnUnattachedEniTakesFortyNine) {
  Cloud cloud(instant_scene(1));
  const std::string eni = cloud.create_eni();
  cloud.ok("ecs/AssignPrivateIpAddresses", by_count(eni, 49));
  EXPECT_EQ(cloud.code("ecs/AssignPrivateIpAddresses", by_count(eni, 1)),
            "InvalidOperation.Ipv4CountExceeded");
  Parameters many{{"NetworkInterfaceId", cloud.create_eni()}};
  for (int i = 1; i <= 33; ++i) {
    many["PrivateIpAddress." + std::to_string(i)] = "192.168.2." + std::to_string(i);
  }
  EXPECT_EQ(cloud.code("ecs/AssignPrivateIpAddresses", many), "InvalidParameter");
}

TEST(SimAddresses, CountAndListExcludeEachOtherAndOneIsNeeded) {
  Cloud cloud(instant_scene(1));
  const std::string eni = cloud.create_eni();
  Parameters both = by_count(eni, 1);
  both["PrivateIpAddress.1"] = "192.168.1.1";
  EXPECT_EQ(cloud.code("ecs/AssignPrivateIpAddresses", both), "InvalidParameter.Conflict");
  Parameters mixed = by_count(eni, 1);
  mixed["Ipv4PrefixCount"] = "1";
  EXPECT_EQ(cloud.code("ecs/AssignPrivateIpAddresses", mixed), "InvalidParameter.Conflict");
  EXPECT_EQ(cloud.code("ecs/AssignPrivateIpAddresses", {{"NetworkInterfaceId", eni}}),
            "MissingParameter");
  EXPECT_EQ(cloud.code("ecs/UnassignPrivateIpAddresses", {{"NetworkInterfaceId", eni}}),
            "MissingParameter");
}

TEST(SimAddresses, APrefixTakesOneSlotFromAReservedBlock) {
  sim::Scene scene = small_scene("192.168.0.0/24");
  scene.vswitches[0].prefix_reservations = {base::Prefix::parse("192.168.0.128/26").value()};
  Cloud cloud(scene);
  EXPECT_EQ(available(cloud), 252 - 64 - 1);
  const std::string eni = cloud.attached_eni(node(1));
  const json answer = cloud.ok("ecs/AssignPrivateIpAddresses",
                               {{"NetworkInterfaceId", eni}, {"Ipv4PrefixCount", "2"}});
  EXPECT_EQ(answer["AssignedPrivateIpAddressesSet"]["Ipv4PrefixSet"]["Ipv4Prefixes"],
            json({"192.168.0.128/28", "192.168.0.144/28"}));
  EXPECT_EQ(answer["AssignedPrivateIpAddressesSet"]["PrivateIpSet"]["PrivateIpAddress"].size(), 0U);
  cloud.ok("ecs/AssignPrivateIpAddresses", by_count(eni, 12));  // 1 + 2 + 12 = 15 slots
  EXPECT_EQ(cloud.code("ecs/AssignPrivateIpAddresses", by_count(eni, 1)),
            "InvalidOperation.Ipv4CountExceeded");
  const std::string other = cloud.create_eni();
  EXPECT_EQ(cloud.code("ecs/AssignPrivateIpAddresses",
                       {{"NetworkInterfaceId", other}, {"Ipv4PrefixCount", "3"}}),
            "InvalidVSwitchId.IpNotEnough");
  EXPECT_EQ(cloud.code("ecs/AssignPrivateIpAddresses",
                       {{"NetworkInterfaceId", other}, {"Ipv4Prefix.1", "192.168.0.144/28"}}),
            "InvalidIp.IpAssigned");
  EXPECT_EQ(cloud.code("ecs/AssignPrivateIpAddresses",
                       {{"NetworkInterfaceId", other}, {"Ipv4Prefix.1", "192.168.0.0/28"}}),
            "InvalidVSwitchId.IpInvalid");
  EXPECT_EQ(cloud.code("ecs/AssignPrivateIpAddresses",
                       {{"NetworkInterfaceId", other}, {"Ipv4Prefix.1", "192.168.0.136/28"}}),
            "InvalidParameter");
  cloud.ok("ecs/UnassignPrivateIpAddresses",
           {{"NetworkInterfaceId", eni}, {"Ipv4Prefix.1", "192.168.0.144/28"}});
  cloud.ok("ecs/AssignPrivateIpAddresses",
           {{"NetworkInterfaceId", other}, {"Ipv4Prefix.1", "192.168.0.144/28"}});
}

TEST(SimAddresses, SingleAddressesNeverComeOutOfAReservedBlock) {
  sim::Scene scene = small_scene("192.168.0.0/27");
  scene.vswitches[0].prefix_reservations = {base::Prefix::parse("192.168.0.0/28").value()};
  Cloud cloud(scene);
  const std::string eni = cloud.create_eni({{"SecondaryPrivateIpAddressCount", "11"}});
  const base::Prefix block = base::Prefix::parse("192.168.0.0/28").value();
  const std::vector<std::string> held = cloud.eni(eni)["ipv4"];
  for (const std::string& address : held) {
    EXPECT_FALSE(block.contains(base::IpAddress::parse(address).value())) << address;
  }
  EXPECT_EQ(available(cloud), 0);
  EXPECT_EQ(cloud.code("ecs/AssignPrivateIpAddresses", by_count(eni, 1)),
            "InvalidVSwitchId.IpNotEnough");
}

TEST(SimAddresses, AReleasedAddressCoolsDownBeforeItIsGivenAgain) {
  sim::Scene scene = instant_scene(1);
  scene.delays.address_cool_down = sim::Millis{30'000};
  Cloud cloud(scene);
  const std::string eni = cloud.create_eni();
  cloud.ok("ecs/AssignPrivateIpAddresses", by_address(eni, "192.168.1.1"));
  cloud.ok("ecs/UnassignPrivateIpAddresses", by_address(eni, "192.168.1.1"));
  EXPECT_EQ(cloud.code("ecs/AssignPrivateIpAddresses", by_address(eni, "192.168.1.1")),
            "InvalidIp.IpAssigned");
  EXPECT_EQ(available(cloud), 4092 - 3);  // node, ENI and the cooling one
  cloud->advance(sim::Millis{30'000});
  EXPECT_EQ(available(cloud), 4092 - 2);
  cloud.ok("ecs/AssignPrivateIpAddresses", by_address(eni, "192.168.1.1"));
}

TEST(SimAddresses, Ipv6IsGivenAsPlainTextAndTakenBack) {
  Cloud cloud(instant_scene(1));
  const std::string eni = cloud.attached_eni(node(1));
  const json answer =
      cloud.ok("ecs/AssignIpv6Addresses", {{"NetworkInterfaceId", eni}, {"Ipv6AddressCount", "2"}});
  EXPECT_EQ(answer["NetworkInterfaceId"], eni);
  ASSERT_EQ(answer["Ipv6Sets"]["Ipv6Address"].size(), 2U);
  const std::string first = answer["Ipv6Sets"]["Ipv6Address"][0];
  EXPECT_THAT(first, testing::StartsWith("2001:db8:1234:1a00:"));
  cloud.ok("ecs/UnassignIpv6Addresses", {{"NetworkInterfaceId", eni}, {"Ipv6Address.1", first}});
  EXPECT_EQ(cloud.eni(eni)["ipv6"].size(), 1U);
  EXPECT_EQ(cloud.code("ecs/UnassignIpv6Addresses",
                       {{"NetworkInterfaceId", eni}, {"Ipv6Address.1", first}}),
            "InvalidIp.IpUnassigned");
}

TEST(SimAddresses, Ipv6LimitsAndReservedOnes) {
  sim::Scene scene = instant_scene(1);
  scene.instances[0].type = "ecs.g6.large";  // one IPv6 address an ENI
  scene.vswitches[0].prefix_reservations = {
      base::Prefix::parse("2001:db8:1234:1a00:8000::/65").value()};
  Cloud cloud(scene);
  const std::string eni = cloud.attached_eni(node(1));
  EXPECT_EQ(cloud.code("ecs/AssignIpv6Addresses",
                       {{"NetworkInterfaceId", eni}, {"Ipv6AddressCount", "2"}}),
            "InvalidOperation.Ipv6CountExceeded");
  EXPECT_EQ(cloud.code("ecs/AssignIpv6Addresses",
                       {{"NetworkInterfaceId", eni}, {"Ipv6AddressCount", "11"}}),
            "InvalidParameter");
  for (const char* reserved : {"2001:db8:1234:1a00::", "2001:db8:1234:1a00:ffff:ffff:ffff:fff7",
                               "2001:db8:1234:1a00:ffff:ffff:ffff:ffff", "2001:db8:1234:1a01::5"}) {
    EXPECT_EQ(cloud.code("ecs/AssignIpv6Addresses",
                         {{"NetworkInterfaceId", eni}, {"Ipv6Address.1", reserved}}),
              "InvalidVSwitchId.IpInvalid")
        << reserved;
  }
  const json prefix =
      cloud.ok("ecs/AssignIpv6Addresses", {{"NetworkInterfaceId", eni}, {"Ipv6PrefixCount", "1"}});
  EXPECT_EQ(prefix["Ipv6PrefixSets"]["Ipv6Prefix"][0], "2001:db8:1234:1a00:8000::/80");
  EXPECT_EQ(cloud->nics_of(node(1))[0].gateway6->to_string(),
            "2001:db8:1234:1a00:ffff:ffff:ffff:fff7");
}

TEST(SimAddresses, SingleAddressesAreFoundBesideAReservedHalfOfTheVSwitch) {
  sim::Scene scene = instant_scene(1);
  scene.vswitches[0].prefix_reservations = {
      base::Prefix::parse("2001:db8:1234:1a00:8000::/65").value()};
  Cloud cloud(scene);
  const std::string eni = cloud.attached_eni(node(1));
  for (int i = 0; i < 10; ++i) {  // the search begins in the reserved half every other time
    const json one = cloud.ok("ecs/AssignIpv6Addresses",
                              {{"NetworkInterfaceId", eni}, {"Ipv6AddressCount", "1"}});
    const auto address =
        base::IpAddress::parse(one["Ipv6Sets"]["Ipv6Address"][0].get<std::string>());
    EXPECT_FALSE(scene.vswitches[0].prefix_reservations[0].contains(address.value()));
  }
}

TEST(SimAddresses, WithoutIpv6InTheVSwitchOrTheTypeThereIsNone) {
  sim::Scene scene = instant_scene(0);
  scene.vswitches[0].ipv6_cidr.reset();
  Cloud cloud(scene);
  const std::string eni = cloud.create_eni();
  EXPECT_EQ(cloud.code("ecs/AssignIpv6Addresses",
                       {{"NetworkInterfaceId", eni}, {"Ipv6AddressCount", "1"}}),
            "InvalidVSwitch.Ipv6NotTurnOn");
  sim::Scene old = instant_scene(1);
  sim::InstanceType type;
  type.id = "ecs.old.large";
  type.enis = 2;
  type.ipv4_per_eni = 2;
  old.instance_types.push_back(type);
  old.instances[0].type = type.id;
  Cloud old_cloud(old);
  const std::string attached = old_cloud.attached_eni(node(1));
  EXPECT_EQ(old_cloud.code("ecs/AssignIpv6Addresses",
                           {{"NetworkInterfaceId", attached}, {"Ipv6AddressCount", "1"}}),
            "InvalidOperation.Ipv6NotSupport");
}

TEST(SimAddresses, APendingVSwitchMakesNoEnis) {
  Cloud cloud(instant_scene(0));
  cloud.console({{"do", "set_vswitch"}, {"vswitch", vswitch('h')}, {"state", "Pending"}});
  EXPECT_EQ(cloud.code("ecs/CreateNetworkInterface",
                       {{"VSwitchId", vswitch('h')}, {"SecurityGroupId", test::kGroup}}),
            "IncorrectVSwitchStatus");
}

}  // namespace
}  // namespace catena
