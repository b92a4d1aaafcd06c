#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/cloud/ecs.h"
#include "tests/unit/cloud/scripted_cloud.h"

namespace catena::cloud {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

base::IpAddress ip(std::string_view text) { return base::IpAddress::parse(text).value(); }
base::Prefix prefix(std::string_view text) { return base::Prefix::parse(text).value(); }

TEST(AssignPrivateIpAddresses, GivesTheNewAddressesAlone) {
  Cloud cloud;
  cloud.transport.then(answer(R"({"RequestId":"R-1","AssignedPrivateIpAddressesSet":{
    "NetworkInterfaceId":"eni-1","PrivateIpSet":{"PrivateIpAddress":["10.0.0.7","10.0.0.8"]},
    "Ipv4PrefixSet":null}})"));
  AssignAddresses wanted;
  wanted.eni_id = "eni-1";
  wanted.address_count = 2;
  CallOptions options;
  options.client_token = "token-1";
  const auto assigned = assign_private_ip_addresses(cloud.client, wanted, options);
  ASSERT_TRUE(assigned.ok()) << assigned.error().text();
  EXPECT_THAT(assigned->addresses, ElementsAre(ip("10.0.0.7"), ip("10.0.0.8")));
  EXPECT_THAT(assigned->prefixes, IsEmpty());
  const std::map<std::string, std::string> expected = {{"RegionId", "cn-hangzhou"},
                                                       {"NetworkInterfaceId", "eni-1"},
                                                       {"SecondaryPrivateIpAddressCount", "2"},
                                                       {"ClientToken", "token-1"}};
  EXPECT_EQ(cloud.transport.params(0), expected);
}

TEST(AssignPrivateIpAddresses, PrefixesAreUnderstood) {
  Cloud cloud;
  cloud.transport.then(answer(R"({"AssignedPrivateIpAddressesSet":{
    "Ipv4PrefixSet":{"Ipv4Prefixes":["10.0.0.16/28"]}}})"));
  AssignAddresses wanted;
  wanted.prefix_count = 1;
  const auto assigned = assign_private_ip_addresses(cloud.client, wanted);
  ASSERT_TRUE(assigned.ok());
  EXPECT_THAT(assigned->prefixes, ElementsAre(prefix("10.0.0.16/28")));
  EXPECT_EQ(cloud.transport.params(0).at("Ipv4PrefixCount"), "1");
}

TEST(AssignPrivateIpAddresses, ALostAnswerIsRepeatedWithTheSameToken) {
  Cloud cloud;
  cloud.transport.then(fail(kNoAnswer));
  cloud.transport.then(answer("{}"));
  ASSERT_TRUE(assign_private_ip_addresses(cloud.client, {}).ok());
  EXPECT_EQ(cloud.transport.params(0).at("ClientToken"),
            cloud.transport.params(1).at("ClientToken"));
}

TEST(AssignIpv6Addresses, BothShapesOfTheAnswerAreUnderstood) {
  Cloud cloud;
  cloud.transport.then(answer(R"({"NetworkInterfaceId":"eni-1",
    "Ipv6Sets":{"Ipv6Address":["2001:db8::1"]},
    "Ipv6PrefixSets":{"Ipv6Prefix":["2001:db8:0:0:1::/80"]}})"));
  AssignAddresses wanted;
  wanted.addresses = {ip("2001:db8::1")};
  const auto assigned = assign_ipv6_addresses(cloud.client, wanted);
  ASSERT_TRUE(assigned.ok()) << assigned.error().text();
  EXPECT_THAT(assigned->addresses, ElementsAre(ip("2001:db8::1")));
  EXPECT_THAT(assigned->prefixes, ElementsAre(prefix("2001:db8:0:0:1::/80")));
  EXPECT_EQ(cloud.transport.params(0).at("Ipv6Address.1"), "2001:db8::1");

  cloud.transport.then(answer(R"({"RequestId":"R-1"})"));
  EXPECT_THAT(assign_ipv6_addresses(cloud.client, wanted)->addresses, IsEmpty());
}

UnassignAddresses four() {
  UnassignAddresses what;
  what.eni_id = "eni-1";
  what.addresses = {ip("10.0.0.1"), ip("10.0.0.2"), ip("10.0.0.3")};
  what.prefixes = {prefix("10.0.0.16/28")};
  return what;
}

TEST(UnassignPrivateIpAddresses, SendsAddressesAndPrefixes) {
  Cloud cloud;
  cloud.transport.then(answer("{}"));
  ASSERT_TRUE(unassign_private_ip_addresses(cloud.client, four()).ok());
  EXPECT_EQ(cloud.transport.params(0).at("PrivateIpAddress.3"), "10.0.0.3");
  EXPECT_EQ(cloud.transport.params(0).at("Ipv4Prefix.1"), "10.0.0.16/28");
}

TEST(UnassignPrivateIpAddresses, NothingToDoAsksNobody) {
  Cloud cloud;
  EXPECT_TRUE(unassign_private_ip_addresses(cloud.client, {}).ok());
  EXPECT_EQ(cloud.transport.calls(), 0U);
}

TEST(UnassignPrivateIpAddresses, AnAbsentEniOrAddressIsSuccess) {
  Cloud cloud;
  cloud.transport.then(refuse("InvalidEniId.NotFound", 404));
  EXPECT_TRUE(unassign_private_ip_addresses(cloud.client, four()).ok());
  cloud.transport.then(refuse("InvalidIp.IpUnassigned", 403));
  UnassignAddresses one;
  one.addresses = {ip("10.0.0.1")};
  EXPECT_TRUE(unassign_private_ip_addresses(cloud.client, one).ok());
}

// A cloud that refuses a whole call for one address that is not the ENI's.
Scripted keeper_of(std::set<std::string>& held, const ScriptedTransport& transport) {
  return [&](const HttpRequest& request) {
    std::set<std::string> asked;
    for (const auto& [name, value] : transport.params(transport.calls() - 1)) {
      if (name.starts_with("PrivateIpAddress.") || name.starts_with("Ipv4Prefix.")) {
        asked.insert(value);
      }
    }
    if (!std::ranges::includes(held, asked)) {
      return refuse("InvalidIp.IpUnassigned", 403)(request);
    }
    for (const std::string& address : asked) {
      held.erase(address);
    }
    return answer("{}")(request);
  };
}

TEST(UnassignPrivateIpAddresses, OneThatIsGoneDoesNotKeepTheOthers) {
  const std::set<std::string> all = {"10.0.0.1", "10.0.0.16/28", "10.0.0.2", "10.0.0.3"};
  for (const std::string& gone : all) {
    Cloud cloud;
    std::set<std::string> held = all;
    held.erase(gone);
    cloud.transport.always(keeper_of(held, cloud.transport));
    EXPECT_TRUE(unassign_private_ip_addresses(cloud.client, four()).ok());
    EXPECT_THAT(held, IsEmpty()) << "with " << gone << " gone already";
    EXPECT_LE(cloud.transport.calls(), 7U);
  }
  Cloud cloud;
  std::set<std::string> held;
  cloud.transport.always(keeper_of(held, cloud.transport));
  EXPECT_TRUE(unassign_private_ip_addresses(cloud.client, four()).ok()) << "all gone";
}

TEST(UnassignPrivateIpAddresses, ALostAnswerIsTheCallersToLookInto) {
  Cloud cloud;
  cloud.transport.then(fail(kNoAnswer));
  const auto status = unassign_private_ip_addresses(cloud.client, four());
  ASSERT_FALSE(status.ok());
  EXPECT_TRUE(may_have_been_done(status.error()));
}

TEST(UnassignIpv6Addresses, UsesItsOwnNames) {
  Cloud cloud;
  cloud.transport.then(answer("{}"));
  UnassignAddresses what;
  what.eni_id = "eni-1";
  what.addresses = {ip("2001:db8::1")};
  what.prefixes = {prefix("2001:db8:0:0:1::/80")};
  ASSERT_TRUE(unassign_ipv6_addresses(cloud.client, what).ok());
  EXPECT_EQ(cloud.transport.header(0, "x-acs-action"), "UnassignIpv6Addresses");
  EXPECT_EQ(cloud.transport.params(0).at("Ipv6Address.1"), "2001:db8::1");
  EXPECT_EQ(cloud.transport.params(0).at("Ipv6Prefix.1"), "2001:db8:0:0:1::/80");
}

}  // namespace
}  // namespace catena::cloud
