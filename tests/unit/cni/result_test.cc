#include "common/cni/result.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace catena::cni {
namespace {

using nlohmann::json;

AddResult full_result() {
  AddResult result;
  result.interfaces = {{.name = "ctn0", .mac = "02:00:00:00:00:01", .mtu = 1500},
                       {.name = "eth0",
                        .mac = "02:00:00:00:00:02",
                        .mtu = 1500,
                        .sandbox = "/ns",
                        .socket_path = "/s",
                        .pci_id = "0000:04:00.5"}};
  result.ips = {{.address = base::Prefix::parse("10.1.0.5/16").value(),
                 .gateway = base::IpAddress::parse("10.1.0.1").value(),
                 .interface = 1},
                {.address = base::Prefix::parse("fd00::5/64").value(), .interface = 0},
                {.address = base::Prefix::parse("10.2.0.5/32").value()}};
  result.routes = {{.destination = base::Prefix::parse("0.0.0.0/0").value(),
                    .gateway = base::IpAddress::parse("10.1.0.1").value(),
                    .mtu = 1400,
                    .advmss = 1360,
                    .priority = 10,
                    .table = 0,
                    .scope = 253},
                   {.destination = base::Prefix::parse("fd01::/64").value()}};
  result.dns = {.nameservers = {"10.96.0.10"},
                .domain = "local",
                .search = {"a.local", "b.local"},
                .options = {"ndots:5"}};
  return result;
}

json printed_in(Version version) {
  const json interfaces_1_1 = json::parse(R"([
    {"name": "ctn0", "mac": "02:00:00:00:00:01", "mtu": 1500},
    {"name": "eth0", "mac": "02:00:00:00:00:02", "mtu": 1500, "sandbox": "/ns", "socketPath": "/s",
     "pciID": "0000:04:00.5"}])");
  const json interfaces = json::parse(R"([
    {"name": "ctn0", "mac": "02:00:00:00:00:01"},
    {"name": "eth0", "mac": "02:00:00:00:00:02", "sandbox": "/ns"}])");
  const json routes_1_1 = json::parse(R"([
    {"dst": "0.0.0.0/0", "gw": "10.1.0.1", "mtu": 1400, "advmss": 1360, "priority": 10, "table": 0,
     "scope": 253},
    {"dst": "fd01::/64"}])");
  const json routes = json::parse(R"([
    {"dst": "0.0.0.0/0", "gw": "10.1.0.1"}, {"dst": "fd01::/64"}])");
  json ips = json::parse(R"([
    {"address": "10.1.0.5/16", "gateway": "10.1.0.1", "interface": 1},
    {"address": "fd00::5/64", "interface": 0},
    {"address": "10.2.0.5/32"}])");
  if (version < Version::k1_0_0) {
    ips[0]["version"] = "4";
    ips[1]["version"] = "6";
    ips[2]["version"] = "4";
  }
  const bool newest = version == Version::k1_1_0;
  return {{"cniVersion", to_string(version)},
          {"interfaces", newest ? interfaces_1_1 : interfaces},
          {"ips", ips},
          {"routes", newest ? routes_1_1 : routes},
          {"dns",
           {{"nameservers", {"10.96.0.10"}},
            {"domain", "local"},
            {"search", {"a.local", "b.local"}},
            {"options", {"ndots:5"}}}}};
}

class ResultInVersion : public testing::TestWithParam<Version> {};

TEST_P(ResultInVersion, HasTheShapeOfTheSpec) {
  EXPECT_EQ(result_to_json(full_result(), GetParam()), printed_in(GetParam()));
}

TEST_P(ResultInVersion, IsReadAsItWasPrinted) {
  const json printed = printed_in(GetParam());
  const base::Result<AddResult> read = result_from_json(printed, GetParam());
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(result_to_json(*read, GetParam()), printed);
}

TEST_P(ResultInVersion, AnEmptyOneIsValid) {
  const json printed = {{"cniVersion", to_string(GetParam())}};
  EXPECT_EQ(result_to_json({}, GetParam()), printed);
  EXPECT_TRUE(result_from_json(printed, GetParam()).ok());
  EXPECT_TRUE(result_from_json(json::object(), GetParam()).ok());
}

TEST_P(ResultInVersion, AnAddressWithoutItsFamilyIsTaken) {
  const json printed = json::parse(R"({"ips": [{"address": "10.0.0.5/24"}]})");
  const base::Result<AddResult> read = result_from_json(printed, GetParam());
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(read->ips[0].address.to_string(), "10.0.0.5/24");
}

INSTANTIATE_TEST_SUITE_P(Every, ResultInVersion, testing::ValuesIn(kVersions),
                         [](const testing::TestParamInfo<Version>& tested) {
                           std::string name = "V" + to_string(tested.param);
                           std::replace(name.begin(), name.end(), '.', '_');
                           return name;
                         });

TEST(Result, ItsOwnCniVersionWins) {
  const json printed = json::parse(
      R"({"cniVersion": "0.4.0", "ips": [{"version": "6", "address": "10.0.0.5/24"}]})");
  EXPECT_FALSE(result_from_json(printed, Version::k1_1_0).ok());
}

TEST(Result, NullMembersAndEmptyGatewaysAreAbsent) {
  const base::Result<AddResult> read = result_from_json(
      json::parse(R"({"interfaces": null, "routes": [{"dst": "0.0.0.0/0", "gw": ""}], "dns": {},
                      "ips": [{"address": "10.0.0.5/24", "gateway": "", "interface": null}]})"),
      Version::k1_1_0);
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_FALSE(read->ips[0].gateway.has_value());
  EXPECT_FALSE(read->ips[0].interface.has_value());
  EXPECT_FALSE(read->routes[0].gateway.has_value());
  EXPECT_TRUE(read->dns.empty());
}

TEST(Result, UnknownMembersOfOtherPluginsAreLeftAlone) {
  EXPECT_TRUE(result_from_json(json::parse(R"({"CNIVersion": "1.0.0", "vendor": {"x": 1},
                                               "interfaces": [{"name": "a", "x": 1}]})"),
                               Version::k1_0_0)
                  .ok());
}

TEST(Result, WhatIsWrongIsNamedByItsPath) {
  const struct {
    const char* text;
    const char* said;
  } cases[] = {
      {"[]", "prevResult: expected an object, got an empty list"},
      {R"({"cniVersion": "0.2.0"})",
       "prevResult.cniVersion: expected one of 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0, got \"0.2.0\""},
      {R"({"ips": {}})", "prevResult.ips: expected a list, got an empty object"},
      {R"({"ips": [1]})", "prevResult.ips[0]: expected an object, got 1"},
      {R"({"ips": [{}]})",
       "prevResult.ips[0].address: expected an address with a prefix length like "
       "\"10.1.0.5/16\", got nothing"},
      {R"({"ips": [{"address": "10.0.0.5"}]})",
       "prevResult.ips[0].address: expected an address with a prefix length like "
       "\"10.1.0.5/16\", got \"10.0.0.5\""},
      {R"({"ips": [{"address": "10.0.0.5/24", "interface": 0}]})",
       "prevResult.ips[0].interface: expected the index of one of the 0 interfaces, got 0"},
      {R"({"interfaces": [{"name": "a"}], "ips": [{"address": "10.0.0.5/24", "interface": 1}]})",
       "prevResult.ips[0].interface: expected the index of one of the 1 interfaces, got 1"},
      {R"({"interfaces": [{"name": "a"}], "ips": [{"address": "10.0.0.5/24", "interface": -1}]})",
       "prevResult.ips[0].interface: expected a whole number from 0 to 2147483647, got -1"},
      {R"({"ips": [{"version": "6", "address": "10.0.0.5/24"}]})",
       "prevResult.ips[0].version: expected \"4\", got \"6\""},
      {R"({"ips": [{"version": 4, "address": "10.0.0.5/24"}]})",
       "prevResult.ips[0].version: expected a string, got 4"},
      {R"({"ips": [{"address": "10.0.0.5/24", "gateway": "x"}]})",
       "prevResult.ips[0].gateway: expected an IP address, got \"x\""},
      {R"({"interfaces": [{"mac": "x"}]})",
       "prevResult.interfaces[0].name: expected a string, got nothing"},
      {R"({"interfaces": [{"name": "a"}, {"name": "b", "mtu": 4294967296}]})",
       "prevResult.interfaces[1].mtu: expected a whole number from 0 to 4294967295, got "
       "4294967296"},
      {R"({"routes": [{"gw": "10.0.0.1"}]})",
       "prevResult.routes[0].dst: expected an address with a prefix length like "
       "\"10.1.0.5/16\", got nothing"},
      {R"({"routes": [{"dst": "10.0.0.0/8", "table": -1}]})",
       "prevResult.routes[0].table: expected a whole number from 0 to 4294967295, got -1"},
      {R"({"dns": {"search": ["a", 1]}})", "prevResult.dns.search[1]: expected a string, got 1"},
      {R"({"dns": []})", "prevResult.dns: expected an object, got an empty list"},
  };
  for (const auto& [text, said] : cases) {
    const base::Result<AddResult> read =
        result_from_json(json::parse(text), Version::k0_4_0, "prevResult");
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_TRUE(read.error().is(base::ErrorKind::kUndecodable)) << text;
    EXPECT_EQ(read.error().message(), said);
  }
}

}  // namespace
}  // namespace catena::cni
