#include "common/cni/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/unit/cni/call.h"

namespace catena::cni {
namespace {

using base::ErrorKind;
using nlohmann::json;
using testing::HasSubstr;

base::Result<NetworkConfig> read(const json& config, Command command = Command::kAdd) {
  std::vector<std::string> passed_over;
  base::Result<NetworkConfig> read = read_config(config.dump(), command, &passed_over);
  EXPECT_EQ(passed_over, std::vector<std::string>());
  return read;
}

json with(const std::string& key, const json& value) {
  json config = test::config_of("1.1.0");
  config[key] = value;
  return config;
}

TEST(Config, WhatAChainedPluginIsSent) {
  json config = test::config_of("1.0.0");
  config["capabilities"] = {{"bandwidth", true}, {"ips", false}};
  config["dns"] = {{"nameservers", {"10.96.0.10"}}, {"search", {"svc.local"}}};
  config["logFile"] = "/var/log/catena.log";
  config["logLevel"] = "warning";
  config["prevResult"] = {{"cniVersion", "1.0.0"},
                          {"interfaces", {{{"name", "eth0"}}}},
                          {"ips", {{{"address", "10.0.0.5/24"}, {"interface", 0}}}}};
  const base::Result<NetworkConfig> read_back = read(config);
  ASSERT_TRUE(read_back.ok()) << read_back.error().message();
  EXPECT_EQ(read_back->version, Version::k1_0_0);
  EXPECT_EQ(read_back->name, "net");
  EXPECT_EQ(read_back->type, "noop");
  EXPECT_EQ(read_back->log_file, "/var/log/catena.log");
  EXPECT_EQ(read_back->log_level, base::LogLevel::kWarning);
  EXPECT_EQ(read_back->dns.nameservers, std::vector<std::string>{"10.96.0.10"});
  ASSERT_TRUE(read_back->prev_result.has_value());
  EXPECT_EQ(read_back->prev_result->ips[0].interface, 0);
  EXPECT_EQ(*read_back->json, config);
}

TEST(Config, WhatIsWrongIsNamedByItsPath) {
  const struct {
    const char* key;
    const char* value;
    const char* said;
  } cases[] = {
      {"name", "1", "name: expected a string, got 1"},
      {"name", "null", "name: expected a network name"},
      {"name", "\"\"", "name: expected a network name"},
      {"name", "\"a b\"", "got \"a b\""},
      {"name", "\"../x\"", "got \"../x\""},
      {"type", "1", "type: expected a string, got 1"},
      {"cniVersion", "1.1", "cniVersion: expected a string, got 1.1"},
      {"logFile", "\"log\"", "logFile: expected an absolute path without \"..\", got \"log\""},
      {"logLevel", "\"loud\"",
       "logLevel: expected one of \"debug\", \"info\", \"warning\", \"error\", got \"loud\""},
      {"dns", "1", "dns: expected an object, got 1"},
      {"dns", "{\"nameserver\": []}", "unknown key \"dns.nameserver\""},
      {"dns", "{\"search\": \"a\"}", "dns.search: expected a list, got \"a\""},
      {"capabilities", "[]", "capabilities: expected an object, got an empty list"},
      {"capabilities", "{\"ips\": \"true\"}",
       "capabilities.ips: expected true or false, got \"true\""},
      {"runtimeConfig", "1", "runtimeConfig: expected an object, got 1"},
      {"args", "[]", "args: expected an object, got an empty list"},
      {"args", "{\"cni\": 1}", "args.cni: expected an object, got 1"},
  };
  for (const auto& [key, value, said] : cases) {
    for (const Command command : {Command::kAdd, Command::kCheck, Command::kStatus}) {
      const base::Result<NetworkConfig> result = read(with(key, json::parse(value)), command);
      ASSERT_FALSE(result.ok()) << key << " " << value;
      EXPECT_TRUE(result.error().is(ErrorKind::kBadConfig)) << result.error().message();
      EXPECT_THAT(result.error().message(), HasSubstr(said));
    }
  }
}

TEST(Config, ANearMissIsAdvised) {
  EXPECT_EQ(read(with("logLevel", "warn1ng")).error().advice(), "did you mean \"warning\"?");
  EXPECT_EQ(read(with("dns", {{"nameserver", json::array()}})).error().advice(),
            "did you mean \"dns.nameservers\"?");
}

TEST(Config, PrevResultThatCannotBeDecodedIsNamedByItsPath) {
  const base::Result<NetworkConfig> result =
      read(with("prevResult", {{"ips", {{{"address", 1}}}}}));
  ASSERT_FALSE(result.ok());
  EXPECT_TRUE(result.error().is(ErrorKind::kUndecodable));
  EXPECT_EQ(result.error().message(), "prevResult.ips[0].address: expected a string, got 1");
}

TEST(Config, PrevResultNullIsAbsent) {
  EXPECT_FALSE(read(with("prevResult", nullptr))->prev_result.has_value());
  EXPECT_TRUE(read(with("prevResult", json::object()))->prev_result.has_value());
}

TEST(Config, CheckWithoutPrevResultSaysThatTheRuntimeLostIt) {
  const base::Result<NetworkConfig> result = read(test::config_of("1.1.0"), Command::kCheck);
  ASSERT_FALSE(result.ok());
  EXPECT_TRUE(result.error().is(ErrorKind::kBadConfig));
  EXPECT_EQ(result.error().message(), "prevResult: expected the result of ADD, got nothing");
  EXPECT_FALSE(result.error().advice().empty());
}

TEST(Config, WhatIsNoObjectIsUndecodable) {
  std::vector<std::string> passed_over;
  for (const char* text : {"", "[]", "3", "null", "\"x\"", "{", "{}{}", "nonsense"}) {
    for (const Command command : {Command::kAdd, Command::kDel, Command::kGc}) {
      const base::Result<NetworkConfig> result = read_config(text, command, &passed_over);
      ASSERT_FALSE(result.ok()) << text;
      EXPECT_TRUE(result.error().is(ErrorKind::kUndecodable)) << text;
    }
  }
}

TEST(OwnFields, EveryCommonKeyIsKnownAndNoOther) {
  json config = test::config_of("1.1.0");
  for (const char* key :
       {"cniVersions", "prevResult", "runtimeConfig", "capabilities", "args", "dns", "logFile",
        "logLevel", "disableCheck", "disableGC", "cni.dev/anything"}) {
    config[key] = nullptr;
  }
  const NetworkConfig known = read(config).value();
  EXPECT_TRUE(known.own_fields().no_unknown_keys().ok());
  for (const char* key :
       {"ipam", "loadOnlyInlinedPlugins", "plugins", "prevresult", "cni.de", "mtu"}) {
    const NetworkConfig unknown = read(with(key, nullptr)).value();
    const base::Status status = unknown.own_fields().no_unknown_keys();
    ASSERT_FALSE(status.ok()) << key;
    EXPECT_EQ(status.error().message(), "unknown key \"" + std::string(key) + "\"");
  }
}

TEST(OwnFields, OutliveACopyOfTheConfiguration) {
  auto config = std::make_unique<NetworkConfig>(read(with("mtu", 1400)).value());
  const NetworkConfig copy = *config;
  base::Fields fields = config->own_fields();
  config.reset();
  EXPECT_EQ(fields.integer("mtu", 68, 65535).value(), 1400);
}

TEST(Preamble, IsReadHoweverBadTheRestIs) {
  const Preamble preamble = preamble_of(json{{"name", 1},
                                             {"cniVersion", "0.4.0"},
                                             {"logFile", "/var/log/catena.log"},
                                             {"logLevel", "debug"},
                                             {"nonsense", true}});
  EXPECT_EQ(preamble.version, Version::k0_4_0);
  EXPECT_EQ(preamble.log_file, "/var/log/catena.log");
  EXPECT_EQ(preamble.log_level, base::LogLevel::kDebug);
  const Preamble none = preamble_of(json{{"cniVersion", 1}, {"logFile", "x"}, {"logLevel", 1}});
  EXPECT_EQ(none.version, Version::k1_1_0);
  EXPECT_EQ(none.log_file, "");
  EXPECT_EQ(none.log_level, base::LogLevel::kInfo);
  EXPECT_EQ(preamble_of(json::array()).version, Version::k1_1_0);
}

}  // namespace
}  // namespace catena::cni
