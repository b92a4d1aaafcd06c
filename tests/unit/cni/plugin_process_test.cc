// The entry point as a runtime sees it: a process with descriptors and an exit status.
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/file.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/cni/call.h"

namespace catena::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;

const std::string kPlugin = CATENA_NOOP_PLUGIN;

using Pairs = std::vector<std::pair<std::string, std::string>>;

Outcome run(const Variables& variables, const std::string& input) {
  return run_process({kPlugin},
                     {.input = input, .environment = Pairs(variables.begin(), variables.end())});
}

// The plugin with its descriptors changed by a shell: "<&-", ">/dev/full".
Outcome run_redirected(const Variables& variables, const std::string& redirection,
                       const std::string& input = {}) {
  return run_process({"/bin/sh", "-c", "exec " + kPlugin + " " + redirection},
                     {.input = input, .environment = Pairs(variables.begin(), variables.end())});
}

std::string config(const std::string& behave, const std::string& log_file = {}) {
  json object = config_of("1.1.0");
  object["prevResult"] = json::object();
  object["behave"] = behave;
  if (!log_file.empty()) {
    object["logFile"] = log_file;
  }
  return object.dump();
}

TEST(PluginProcess, SuccessPrintsAResultForAddAndNothingForTheOthers) {
  const Outcome add = run(variables_for("ADD"), config("well"));
  EXPECT_EQ(add.exit_status, 0);
  EXPECT_EQ(json::parse(add.out), json({{"cniVersion", "1.1.0"}}));
  EXPECT_EQ(add.err, "");
  for (const char* verb : {"DEL", "CHECK", "GC", "STATUS"}) {
    const Outcome outcome = run(variables_for(verb), config("well"));
    EXPECT_EQ(outcome.exit_status, 0) << verb;
    EXPECT_EQ(outcome.out + outcome.err, "") << verb;
  }
}

TEST(PluginProcess, FailureIsOneJsonObjectAndExitStatusOne) {
  for (const char* verb : {"ADD", "DEL", "CHECK", "GC", "STATUS"}) {
    const Outcome outcome = run(variables_for(verb), config("fail"));
    EXPECT_EQ(outcome.exit_status, 1) << verb;
    EXPECT_EQ(json::parse(outcome.out), (json{{"cniVersion", "1.1.0"},
                                              {"code", 11},
                                              {"msg", "no address left"},
                                              {"details", "add a range"}}));
    EXPECT_EQ(outcome.err, "");
  }
}

TEST(PluginProcess, AnExceptionIsOneJsonObjectToo) {
  const TempDir directory;
  const std::string log = directory.path() + "/log";
  for (const char* behave : {"throw", "throw-number"}) {
    const Outcome outcome = run(variables_for("ADD"), config(behave, log));
    EXPECT_EQ(outcome.exit_status, 1);
    const json answer = json::parse(outcome.out);
    EXPECT_EQ(answer["code"], 999);
    EXPECT_THAT(answer["msg"], StartsWith("internal error"));
  }
  const std::string text = *base::read_file(log, 10'000);
  EXPECT_THAT(text, HasSubstr("error: ADD network=net container=c1 ifname=eth0 "));
  EXPECT_THAT(text, HasSubstr(": exception: thrown by the verb\n"));
  EXPECT_THAT(text, HasSubstr(": exception of an unknown type\n"));
}

TEST(PluginProcess, BytesThatAreNoUtf8AreReplaced) {
  const Outcome outcome = run(variables_for("ADD"), config("not-utf8"));
  EXPECT_EQ(json::parse(outcome.out)["msg"], "bytes \xef\xbf\xbd\xef\xbf\xbd");
}

TEST(PluginProcess, VersionNeedsNeitherInputNorEnvironment) {
  for (const char* redirection : {"", "<&-", "</dev/null", "2>&-", "<&- 2>&-"}) {
    const Outcome outcome = run_redirected({{"CNI_COMMAND", "VERSION"}}, redirection);
    EXPECT_EQ(outcome.exit_status, 0) << redirection;
    EXPECT_EQ(json::parse(outcome.out)["supportedVersions"].size(), 5U);
  }
}

TEST(PluginProcess, InputThatCannotBeReadIsCodeFive) {
  for (const char* redirection : {"<&-", "</tmp", "0>/dev/null"}) {
    const Outcome outcome = run_redirected(variables_for("ADD"), redirection);
    EXPECT_EQ(outcome.exit_status, 1) << redirection;
    EXPECT_EQ(json::parse(outcome.out)["code"], 5) << outcome.out;
    EXPECT_THAT(json::parse(outcome.out)["msg"], StartsWith("read network configuration on stdin"));
  }
}

TEST(PluginProcess, AnAnswerThatCannotBeWrittenIsAFailureInTheLog) {
  for (const char* redirection : {">/dev/full", ">&-"}) {
    const TempDir directory;
    const std::string log = directory.path() + "/log";
    const Outcome outcome = run_redirected(variables_for("ADD"), redirection, config("well", log));
    EXPECT_EQ(outcome.exit_status, 1) << redirection;
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(*base::read_file(log, 10'000), HasSubstr("the answer is lost: write stdout: "));
  }
}

TEST(PluginProcess, ARuntimeThatClosedItsEndIsNoSignalDeath) {
  const TempDir directory;
  const std::string log = directory.path() + "/log";
  // The reader is gone before the plugin is started: `wait` sees to that.
  const Outcome outcome = run_process(
      {"/bin/bash", "-c", "exec 3> >(exec true); wait $!; sleep 0.1; exec " + kPlugin + " >&3"},
      {.input = config("well", log), .environment = [] {
         const Variables variables = variables_for("ADD");
         return Pairs(variables.begin(), variables.end());
       }()});
  EXPECT_EQ(outcome.exit_status, 1);
  EXPECT_THAT(*base::read_file(log, 10'000), HasSubstr("write stdout: Broken pipe"));
}

TEST(PluginProcess, AClosedStdoutIsNotGivenToTheLogFile) {
  const TempDir directory;
  const std::string log = directory.path() + "/log";
  run_redirected(variables_for("ADD"), ">&-", config("well", log));
  EXPECT_EQ(base::read_file(log, 10'000)->find("cniVersion"), std::string::npos);
}

TEST(PluginProcess, WithoutAVerbItSaysWhatItIs) {
  const std::string about =
      "catena-noop 0.0.1: for tests\n"
      "CNI protocol versions supported: 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0\n";
  for (const Variables& variables : {Variables{}, Variables{{"CNI_COMMAND", ""}}}) {
    const Outcome outcome = run(variables, "");
    EXPECT_EQ(outcome.exit_status, 0);
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.err, about);
  }
  for (const char* argument : {"--version", "--help"}) {
    const Outcome outcome = run_process({kPlugin, argument}, {.environment = Pairs{}});
    EXPECT_EQ(outcome.exit_status, 0);
    EXPECT_EQ(outcome.out, about);
    EXPECT_EQ(outcome.err, "");
  }
  const Outcome unknown = run_process({kPlugin, "--add"}, {.environment = Pairs{}});
  EXPECT_EQ(unknown.exit_status, 1);
  EXPECT_EQ(unknown.out, "");
  EXPECT_THAT(unknown.err, StartsWith("unknown argument --add"));
}

TEST(PluginProcess, AnUnknownKeyOfThePluginIsCodeSevenWithTheOneThatWasMeant) {
  json object = config_of("1.1.0");
  object["behav"] = "well";
  const json answer = json::parse(run(variables_for("ADD"), object.dump()).out);
  EXPECT_EQ(answer["code"], 7);
  EXPECT_EQ(answer["msg"], "unknown key \"behav\"");
  EXPECT_EQ(answer["details"], "did you mean \"behave\"?");
}

TEST(PluginProcess, PassesPrevResultThroughUnchanged) {
  for (const char* version : {"0.3.1", "0.4.0", "1.0.0", "1.1.0"}) {
    json object = config_of(version);
    object["prevResult"] = {
        {"cniVersion", version},
        {"interfaces", {{{"name", "eth0"}, {"sandbox", "/ns"}}}},
        {"ips", {{{"address", "10.0.0.5/24"}, {"interface", 0}, {"gateway", "10.0.0.1"}}}},
        {"routes", {{{"dst", "0.0.0.0/0"}}}}};
    if (std::string(version) < "1.0.0") {
      object["prevResult"]["ips"][0]["version"] = "4";
    }
    EXPECT_EQ(json::parse(run(variables_for("ADD"), object.dump()).out), object["prevResult"]);
  }
}

TEST(PluginProcess, InputInPiecesIsReadToItsEnd) {
  const Outcome outcome = run_process(
      {"/bin/sh", "-c",
       "(printf '{\"cniVersion\": \"1.1.0\", '; sleep 0.1; printf '\"name\": \"net\"}') | " +
           kPlugin},
      {.environment = [] {
        Variables variables = variables_for("ADD");
        variables["PATH"] = "/usr/bin:/bin";
        return Pairs(variables.begin(), variables.end());
      }()});
  EXPECT_EQ(outcome.exit_status, 0) << outcome.out;
}

}  // namespace
}  // namespace catena::test
