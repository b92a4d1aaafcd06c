// What is checked before a verb runs, in which order, and what is logged.
#include <fcntl.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/file.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/cni/call.h"

namespace catena::test {
namespace {

using nlohmann::json;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kOwnNetns = "/proc/self/ns/net";

std::string good_config() {
  json config = config_of("1.1.0");
  config["prevResult"] = json::object();
  return config.dump();
}

CallOutcome call_in(const std::string& verb, const std::string& netns,
                    const std::string& override_value = {}) {
  Variables variables = variables_for(verb);
  variables["CNI_NETNS"] = netns;
  variables["CNI_NETNS_OVERRIDE"] = override_value;
  return call(good_plugin(), variables, good_config());
}

TEST(OrderOfChecks, EnvironmentThenInputThenConfigurationThenVersion) {
  Variables bad_environment = variables_for("ADD");
  bad_environment["CNI_IFNAME"] = "a/b";
  const std::string bad_config = R"({"name": "net", "logLevel": 1, "cniVersion": "9.9.9"})";
  EXPECT_EQ(call(good_plugin(), bad_environment, "nonsense").code(), 4);
  EXPECT_EQ(call(good_plugin(), variables_for("ADD"), "nonsense").code(), 6);
  EXPECT_EQ(call(good_plugin(), variables_for("ADD"), bad_config).code(), 7);
  EXPECT_EQ(call(good_plugin(), variables_for("ADD"), R"({"name": "net"})").code(), 1);
  EXPECT_EQ(verbs_run, "");
}

TEST(OrderOfChecks, OwnNamespaceIsRefusedBeforeTheVerbRuns) {
  for (const char* verb : {"ADD", "CHECK", "DEL"}) {
    const CallOutcome outcome = call_in(verb, kOwnNetns);
    EXPECT_EQ(outcome.code(), 8) << verb;
    EXPECT_THAT(outcome.message(), HasSubstr(kOwnNetns));
    EXPECT_EQ(verbs_run, "");
  }
}

TEST(OwnNamespace, IsKnownUnderEveryPath) {
  EXPECT_EQ(call_in("ADD", "/proc/1/../self/ns/net").code(), 8);
  const base::UniqueFd fd = base::open_file(kOwnNetns, O_RDONLY).value();
  EXPECT_EQ(call_in("ADD", "/proc/self/fd/" + std::to_string(fd.get())).code(), 8);
}

TEST(OwnNamespace, MayBeAllowed) {
  for (const char* yes : {"1", "true", "TRUE"}) {
    EXPECT_EQ(call_in("ADD", kOwnNetns, yes).exit_status, 0) << yes;
  }
  for (const char* no : {"", "0", "false", "yes"}) {
    EXPECT_EQ(call_in("ADD", kOwnNetns, no).code(), 8) << no;
  }
}

TEST(OwnNamespace, AnotherOneAndAPathThatCannotBeOpenedAreLeftToTheVerb) {
  EXPECT_EQ(call_in("ADD", "/absent/ns").exit_status, 0);
  EXPECT_EQ(call_in("ADD", "/dev/null").exit_status, 0);
  EXPECT_EQ(call_in("DEL", "").exit_status, 0);
  EXPECT_EQ(verbs_run, "DEL ");
}

TEST(Input, MoreThanFourMebibytesIsCodeSix) {
  json config = config_of("1.1.0");
  config["args"] = {{"filler", std::string(std::size_t{10} << 20U, 'x')}};
  const CallOutcome outcome = call(good_plugin(), variables_for("ADD"), config.dump());
  EXPECT_EQ(outcome.code(), 6);
  EXPECT_EQ(outcome.message(), "read network configuration on stdin: more than 4194304 bytes");
  config["args"] = {{"filler", std::string(std::size_t{4} * 1'000'000, 'x')}};
  EXPECT_EQ(call(good_plugin(), variables_for("ADD"), config.dump()).exit_status, 0);
}

TEST(Input, DeepNestingIsCodeSixForEveryVerb) {
  const std::string deep = R"({"name": "net", "x": )" + std::string(1'000'000, '[');
  for (const char* verb : {"ADD", "DEL", "CHECK", "GC", "STATUS"}) {
    const CallOutcome outcome = call(good_plugin(), variables_for(verb), deep);
    EXPECT_EQ(outcome.code(), 6) << verb;
    EXPECT_THAT(outcome.message(), HasSubstr("more than 64 levels deep at byte 85"));
  }
}

TEST(Input, WhatIsNotJsonIsSaidWithItsPlace) {
  const CallOutcome outcome = call(good_plugin(), variables_for("DEL"), "{\"name\":\n}");
  EXPECT_EQ(outcome.code(), 6);
  EXPECT_THAT(
      outcome.message(),
      StartsWith("network configuration on stdin: not JSON: parse error at line 2, column 1"));
}

// The configuration's text is echoed in errors: whatever it holds, the answer is JSON.
TEST(Input, ErrorsAreValidJsonForEveryByte) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text = "{\"name\": \"" + std::string(1, static_cast<char>(byte)) + "\"}";
    const CallOutcome outcome = call(good_plugin(), variables_for("ADD"), text);
    EXPECT_EQ(outcome.exit_status, 1);
    EXPECT_TRUE(json::accept(outcome.out)) << byte;
    Variables variables = variables_for("ADD");
    variables["CNI_IFNAME"] = "/" + std::string(1, static_cast<char>(byte));
    EXPECT_TRUE(json::accept(call(good_plugin(), variables, good_config()).out)) << byte;
  }
}

// What a call with `changes` in its configuration writes into its log file.
std::string logged(const std::string& verb, const json& changes, Variables variables = {}) {
  const TempDir directory;
  const std::string path = directory.path() + "/log";
  json config = config_of("1.1.0");
  config["prevResult"] = json::object();
  config["logFile"] = path;
  config.update(changes);
  variables.merge(variables_for(verb));
  call(good_plugin(), variables, config.dump());
  const base::Result<std::string> text = base::read_file(path, 100'000);
  return text.ok() ? *text : "";
}

TEST(CallLog, OneLineSaysWhoseCallHowLongAndHowItEnded) {
  const std::string text =
      logged("ADD", json::object(),
             {{"CNI_ARGS", "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-0"}});
  EXPECT_THAT(text, ContainsRegex(" catena-good\\[[0-9]+\\] info: ADD network=net container=c1 "
                                  "ifname=eth0 pod=default/web-0 [0-9]+\\.[0-9] ms: ok\n$"));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
}

TEST(CallLog, AFailureSaysCodeMessageAndAdvice) {
  const std::string text = logged("CHECK", {{"cniVersion", "0.3.1"}});
  EXPECT_THAT(text, ContainsRegex(" error: CHECK .*: failed with code 1: config version does not"));
}

TEST(CallLog, ABadConfigurationIsLoggedWhereItSays) {
  EXPECT_THAT(logged("ADD", {{"name", 1}}), HasSubstr("failed with code 7: name: "));
  EXPECT_THAT(logged("ADD", {{"dns", 1}, {"logLevel", "error"}}), HasSubstr("dns: expected"));
}

TEST(CallLog, WhatDelPassedOverIsAWarning) {
  const std::string text = logged("DEL", {{"dns", 1}});
  EXPECT_THAT(text, HasSubstr(" warning: DEL "));
  EXPECT_THAT(text, HasSubstr("ok; passed over: dns: expected an object, got 1\n"));
}

TEST(CallLog, AStatusThatSucceedsIsLoggedForDebuggingOnly) {
  EXPECT_EQ(logged("STATUS", json::object()), "");
  EXPECT_THAT(logged("STATUS", {{"logLevel", "debug"}}), HasSubstr(" debug: STATUS network=net "));
  EXPECT_THAT(logged("STATUS", {{"cniVersion", "1.0.0"}}), HasSubstr(" error: STATUS "));
}

TEST(CallLog, TheLevelIsTheLeastThatIsLogged) {
  EXPECT_EQ(logged("DEL", {{"logLevel", "warning"}}), "");
  EXPECT_THAT(logged("DEL", {{"logLevel", "info"}}), HasSubstr(" info: DEL "));
}

}  // namespace
}  // namespace catena::test
