#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/cni/config.h"
#include "tests/unit/cni/call.h"

namespace catena::cni {
namespace {

using base::ErrorKind;
using nlohmann::json;
using testing::ElementsAre;
using testing::StartsWith;

struct Read {
  base::Result<NetworkConfig> config;
  std::vector<std::string> passed_over;
};

Read read(const json& config, Command command) {
  std::vector<std::string> passed_over;
  base::Result<NetworkConfig> read = read_config(config.dump(), command, &passed_over);
  return {std::move(read), passed_over};
}

// A configuration that somebody broke between ADD and DEL.
json broken() {
  json config = test::config_of("1.1.0");
  config["type"] = 1;
  config["logFile"] = "relative";
  config["logLevel"] = "loud";
  config["dns"] = {{"unknown", 1}};
  config["capabilities"] = 1;
  config["runtimeConfig"] = {{"ips", {"x"}},
                             {"mac", 1},
                             {"bandwidth", {{"ingressRate", -1}}},
                             {"io.kubernetes.cri.pod-annotations", 1}};
  config["args"] = {{"cni", {{"ips", 1}, {"mac", 1}}}};
  config["prevResult"] = {{"ips", 1}};
  config["unknown"] = 1;
  return config;
}

TEST(TearDown, GoesOnWithABrokenConfigurationAndSaysWhatWasPassedOver) {
  for (const Command command : {Command::kDel, Command::kGc}) {
    const Read got = read(broken(), command);
    ASSERT_TRUE(got.config.ok()) << got.config.error().message();
    EXPECT_EQ(got.config->name, "net");
    EXPECT_FALSE(got.config->prev_result.has_value());
    EXPECT_TRUE(got.config->runtime.ips.empty());
    EXPECT_THAT(got.passed_over,
                ElementsAre(StartsWith("type: "), StartsWith("logFile: "), StartsWith("logLevel: "),
                            StartsWith("unknown key \"dns.unknown\""), StartsWith("capabilities: "),
                            StartsWith("runtimeConfig.ips[0]: "), StartsWith("runtimeConfig.mac: "),
                            StartsWith("runtimeConfig.bandwidth.ingressRate: "),
                            StartsWith("runtimeConfig.io.kubernetes.cri.pod-annotations: "),
                            StartsWith("args.cni.ips: "), StartsWith("args.cni.mac: "),
                            StartsWith("prevResult.ips: ")));
  }
}

TEST(TearDown, ABadValueDoesNotHideItsGoodNeighbours) {
  json config = broken();
  config["runtimeConfig"]["mac"] = "02:00:00:00:00:01";
  const Read got = read(config, Command::kDel);
  EXPECT_EQ(got.config->runtime.mac->to_string(), "02:00:00:00:00:01");
}

TEST(TearDown, ObjectsOfTheWrongTypeArePassedOverWhole) {
  json config = test::config_of("1.1.0");
  config["runtimeConfig"] = 1;
  config["args"] = 1;
  config["dns"] = 1;
  const Read got = read(config, Command::kDel);
  ASSERT_TRUE(got.config.ok());
  EXPECT_EQ(got.passed_over.size(), 3U);
}

TEST(TearDown, AMissingOrUnknownVersionCountsAsTheLatest) {
  for (const json& version : {json("0.1.0"), json("9.9.9"), json(""), json(nullptr), json(1)}) {
    for (const Command command : {Command::kDel, Command::kGc}) {
      json config = test::config_of("");
      config["cniVersion"] = version;
      const Read got = read(config, command);
      ASSERT_TRUE(got.config.ok()) << version;
      EXPECT_EQ(got.config->version, Version::k1_1_0);
      EXPECT_EQ(got.passed_over.size(), 1U);
    }
  }
}

TEST(TearDown, NeedsANameAllTheSame) {
  json config = test::config_of("1.1.0");
  config.erase("name");
  EXPECT_TRUE(read(config, Command::kDel).config.error().is(ErrorKind::kBadConfig));
}

TEST(TearDown, AGoodConfigurationPassesNothingOver) {
  json config = test::config_of("1.1.0");
  config["prevResult"] = {{"ips", {{{"address", "10.0.0.5/24"}}}}};
  const Read got = read(config, Command::kDel);
  EXPECT_TRUE(got.config->prev_result.has_value());
  EXPECT_TRUE(got.passed_over.empty());
}

}  // namespace
}  // namespace catena::cni
