// Every verb with every cniVersion, through the plugin's entry point.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/cni/call.h"

namespace catena::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;

CallOutcome call_with(const std::string& verb, const std::string& version) {
  json config = config_of(version);
  config["prevResult"] = json::object();
  return call(good_plugin(), variables_for(verb), config.dump());
}

TEST(Verbs, EveryOneInEveryVersion) {
  struct Case {
    const char* version;
    int add, check, del, gc, status;  // error codes; 0: success
  };
  const Case cases[] = {
      {"0.1.0", 1, 1, 0, 0, 1}, {"0.2.0", 1, 1, 0, 0, 1}, {"0.3.0", 0, 1, 0, 1, 1},
      {"0.3.1", 0, 1, 0, 1, 1}, {"0.4.0", 0, 0, 0, 1, 1}, {"1.0.0", 0, 0, 0, 1, 1},
      {"1.1.0", 0, 0, 0, 0, 0}, {"1.2.0", 1, 1, 0, 0, 1}, {"x", 1, 1, 0, 0, 1},
      {"", 1, 1, 0, 0, 1},
  };
  for (const Case& row : cases) {
    const std::pair<const char*, int> verbs[] = {{"ADD", row.add},
                                                 {"CHECK", row.check},
                                                 {"DEL", row.del},
                                                 {"GC", row.gc},
                                                 {"STATUS", row.status}};
    for (const auto& [verb, code] : verbs) {
      const CallOutcome outcome = call_with(verb, row.version);
      EXPECT_EQ(outcome.code(), code) << verb << " " << row.version << ": " << outcome.out;
      EXPECT_EQ(outcome.exit_status, code == 0 ? 0 : 1);
      EXPECT_EQ(verbs_run, code == 0 ? std::string(verb) + " " : "");
      EXPECT_EQ(outcome.out.empty(), code == 0 && std::string(verb) != "ADD");
      EXPECT_EQ(outcome.err, "");
    }
  }
}

TEST(Verbs, AddAnswersInTheVersionOfTheConfiguration) {
  for (const char* version : {"0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"}) {
    const json answer = call_with("ADD", version).answer();
    EXPECT_EQ(answer["cniVersion"], version);
    EXPECT_EQ(answer["ips"][0]["address"], "10.0.0.5/24");
    EXPECT_EQ(answer["ips"][0]["interface"], 0);
    EXPECT_EQ(answer["ips"][0].contains("version"), std::string(version) < "1.0.0");
    EXPECT_EQ(answer["interfaces"][0].contains("mtu"), std::string(version) == "1.1.0");
  }
}

TEST(Verbs, AnUnsupportedVersionIsSaidWithWhatIsSupported) {
  const CallOutcome outcome = call_with("ADD", "1.2.0");
  EXPECT_EQ(outcome.message(),
            "incompatible CNI versions: config is \"1.2.0\", plugin supports 0.3.0, 0.3.1, 0.4.0, "
            "1.0.0, 1.1.0");
  EXPECT_THAT(call_with("ADD", "").message(), HasSubstr("config has no cniVersion"));
}

TEST(Verbs, AVerbThatTheVersionLacksIsSaidWithTheFirstThatHasIt) {
  EXPECT_EQ(call_with("CHECK", "0.3.1").message(),
            "config version does not allow CHECK: config is \"0.3.1\", CHECK came with 0.4.0");
  EXPECT_EQ(call_with("GC", "1.0.0").message(),
            "config version does not allow GC: config is \"1.0.0\", GC came with 1.1.0");
  EXPECT_EQ(call_with("STATUS", "0.4.0").message(),
            "config version does not allow STATUS: config is \"0.4.0\", STATUS came with 1.1.0");
}

TEST(Verbs, ErrorsCarryTheVersionOfTheConfiguration) {
  json config = config_of("0.4.0");
  config["logLevel"] = 1;
  EXPECT_EQ(call(good_plugin(), variables_for("ADD"), config.dump()).answer()["cniVersion"],
            "0.4.0");
  EXPECT_EQ(call_with("ADD", "9.9.9").answer()["cniVersion"], "1.1.0");
}

TEST(Verbs, AConfigurationErrorIsSaidBeforeAnUnsupportedVersion) {
  json config = config_of("9.9.9");
  config["logLevel"] = 1;
  EXPECT_EQ(call(good_plugin(), variables_for("ADD"), config.dump()).code(), 7);
}

TEST(Verbs, VersionListsWhatIsSupportedWhateverElseIsThere) {
  const json expected = {{"cniVersion", "1.1.0"},
                         {"supportedVersions", {"0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"}}};
  for (const char* input : {"", "nonsense", "{\"cniVersion\": \"9.9.9\"}"}) {
    const CallOutcome outcome = call(good_plugin(), {{"CNI_COMMAND", "VERSION"}}, input);
    EXPECT_EQ(outcome.exit_status, 0);
    EXPECT_EQ(outcome.answer(), expected);
    EXPECT_EQ(outcome.err, "");
  }
}

}  // namespace
}  // namespace catena::test
