#include "cli/lint.h"

#include <gmock/gmock.h>

#include "tests/support/paths.h"
#include "tests/support/process.h"
#include "tests/unit/cli/written_conflist.h"

namespace catena::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

json vpc_route(const TempDir& dir, const json& more = json::object()) {
  json plugin{{"type", "catena-vpc-route"},
              {"podCIDRs", {"172.30.1.0/24"}},
              {"stateDir", dir.path() + "/state"},
              {"logFile", dir.path() + "/log"}};
  plugin.merge_patch(more);
  return plugin;
}

std::string text_of(const cli::Findings& findings) { return cli::report_of(findings).text; }

std::string lint(const TempDir& dir, const json& conflist) {
  return text_of(cli::lint_findings(written(dir, conflist), {bin_dir()}));
}

TEST(Lint, AGoodChainHasNothingToFind) {
  const TempDir dir;
  EXPECT_EQ(lint(dir, chain_of({vpc_route(dir)})), "");
}

TEST(Lint, ThePluginItselfTellsOfItsKeys) {
  const TempDir dir;
  EXPECT_THAT(lint(dir, chain_of({vpc_route(dir, {{"masqerade", true}})})),
              HasSubstr("masquerade"));
  EXPECT_THAT(lint(dir, chain_of({vpc_route(dir, {{"mtu", "big"}})})), HasSubstr("mtu"));
  EXPECT_THAT(lint(dir, chain_of({vpc_route(dir, {{"podCIDRs", json()}})})), HasSubstr("podCIDRs"));
}

TEST(Lint, AsksThePluginThoughTheChainIsOfAnOlderVersion) {
  const TempDir dir;
  json conflist = chain_of({vpc_route(dir, {{"mtu", "big"}})});
  conflist["cniVersion"] = "0.3.1";
  EXPECT_THAT(lint(dir, conflist), HasSubstr("mtu"));
}

TEST(Lint, MakesNoStore) {
  const TempDir dir;
  EXPECT_EQ(lint(dir, chain_of({vpc_route(dir)})), "");
  EXPECT_FALSE(base::read_file(dir.path() + "/state/journal", 1000).ok());
}

TEST(Lint, SaysWhichPluginWasProbablyMeant) {
  const TempDir dir;
  const std::string text = lint(dir, chain_of({vpc_route(dir), {{"type", "bandwidht"}}}));
  EXPECT_THAT(text, HasSubstr("plugins[1].type: bandwidht is in none of"));
  EXPECT_THAT(text, HasSubstr("'bandwidth' was probably meant"));
}

TEST(Lint, NameVersionAndPluginsAreNeeded) {
  const TempDir dir;
  const std::string text = lint(dir, json{{"disableChek", true}});
  EXPECT_THAT(text, HasSubstr("bad      name: is missing"));
  EXPECT_THAT(text, HasSubstr("bad      cniVersion: is missing"));
  EXPECT_THAT(text, HasSubstr("bad      plugins: has no plugin"));
  EXPECT_THAT(text, HasSubstr("'disableCheck' was probably meant"));
}

TEST(Lint, OneVersionOfTheListIsEnough) {
  const TempDir dir;
  json conflist = chain_of({vpc_route(dir)});
  conflist["cniVersion"] = "9.0.0";
  EXPECT_THAT(lint(dir, conflist), HasSubstr("9.0.0 is none of 0.3.0"));
  conflist["cniVersions"] = {"1.0.0", "9.0.0"};
  EXPECT_EQ(lint(dir, conflist), "");
}

TEST(Lint, WhatIsNoJsonIsSaidWithItsPlace) {
  const TempDir dir;
  const std::string path = dir.path() + "/bad.conflist";
  ASSERT_TRUE(base::replace_file(path, "{\"name\": }").ok());
  const Outcome ended = run_process({bin_dir() + "/catena", "lint", path});
  EXPECT_EQ(ended.exit_status, 1);
  EXPECT_EQ(ended.out, "");
  EXPECT_THAT(ended.err, HasSubstr(path));
}

TEST(Lint, TheProgramEndsWith1WhenSomethingIsBad) {
  const TempDir dir;
  const std::string path = dir.path() + "/10.conflist";
  ASSERT_TRUE(base::replace_file(path, chain_of({vpc_route(dir)}).dump()).ok());
  const Outcome fine = run_process({bin_dir() + "/catena", "lint", path, "--bin-dir", bin_dir()});
  EXPECT_EQ(fine.exit_status, 0) << fine.out << fine.err;
  EXPECT_THAT(fine.out, HasSubstr("catena-vpc-route"));
  ASSERT_TRUE(base::replace_file(path, chain_of({vpc_route(dir, {{"mtu", 1}})}).dump()).ok());
  const Outcome bad =
      run_process({bin_dir() + "/catena", "lint", path, "--bin-dir", bin_dir(), "--json"});
  EXPECT_EQ(bad.exit_status, 1);
  const json found = json::parse(bad.out);
  EXPECT_EQ(found["good"], false);
  EXPECT_EQ(found["findings"][0]["subject"], "plugins[0]");
  EXPECT_EQ(found["findings"][0]["verdict"], "bad");
}

TEST(CommandLine, WhatIsWrongIsSaidInOneLine) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> wrongs{
      {{}, "expected a command"},
      {{"ipam"}, "there is no command 'ipam'"},
      {{"ipam", "show"}, "there is no command 'ipam show'"},
      {{"ipam", "show", "1.2.3"}, "1.2.3"},
      {{"ipam", "list", "--state-dir", "state"}, "expected an absolute path"},
      {{"gc", "--deadline", "0"}, "expected 1 to 3600"},
      {{"gc", "--fly"}, "fly"},
  };
  for (const auto& [words, says] : wrongs) {
    std::vector<std::string> argv{bin_dir() + "/catena"};
    argv.insert(argv.end(), words.begin(), words.end());
    const Outcome ended = run_process(argv);
    EXPECT_EQ(ended.exit_status, 2) << says;
    EXPECT_THAT(ended.err, HasSubstr(says));
    EXPECT_EQ(std::ranges::count(ended.err, '\n'), 1) << ended.err;
    EXPECT_EQ(ended.out, "");
  }
}

TEST(CommandLine, HelpNamesEveryCommand) {
  const Outcome help = run_process({bin_dir() + "/catena", "--help"});
  EXPECT_EQ(help.exit_status, 0);
  for (const char* command :
       {"ipam list", "ipam show", "ipam check", "ipam release", "eni list", "conflist", "gc",
        "doctor", "lint", "install", "uninstall", "--json"}) {
    EXPECT_THAT(help.out, HasSubstr(command));
  }
  EXPECT_THAT(help.out, Not(HasSubstr("hidden")));
}

TEST(Conflists, AreTakenInTheOrderOfTheirNames) {
  const TempDir dir;
  for (const char* name : {"20-b.conflist", "10-a.conf", "05-c.json", "00-readme.txt"}) {
    ASSERT_TRUE(base::replace_file(dir.path() + "/" + name, "{}").ok());
  }
  const auto paths = cli::conflists_in(dir.path());
  ASSERT_TRUE(paths.ok());
  EXPECT_THAT(*paths, testing::ElementsAre(dir.path() + "/05-c.json", dir.path() + "/10-a.conf",
                                           dir.path() + "/20-b.conflist"));
  const auto none = cli::conflists_in(dir.path() + "/nowhere");
  ASSERT_TRUE(none.ok());
  EXPECT_THAT(*none, IsEmpty());
}

}  // namespace
}  // namespace catena::test
