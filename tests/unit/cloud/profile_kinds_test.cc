#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/base/file.h"
#include "common/cloud/credential_kinds.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/cloud/scripted.h"
#include "tests/unit/cloud/secret_files.h"

namespace catena::cloud {
namespace {

using base::ErrorKind;
using nlohmann::json;
using test::environment_of;
using test::ScriptedMetadata;
using test::ScriptedPace;
using test::ScriptedTransport;
using test::write_file;
using testing::HasSubstr;
using testing::Not;

class ProfileTest : public testing::Test {
 protected:
  ProfileTest() {
    variables_["HOME"] = dir_.path();
    EXPECT_TRUE(base::make_directories(dir_.path() + "/.aliyun").ok());
    EXPECT_TRUE(base::make_directories(dir_.path() + "/.alibabacloud").ok());
    const Credentials set = test::sts_set(7, pace_.wall() + std::chrono::hours(1));
    service_.items["ram/security-credentials/"] = "NodeRole";
    service_.items["ram/security-credentials/NodeRole"] = test::answer_with(set);
  }

  static std::string said_of(const CredentialKind& kind) {
    const auto reading = kind.read();
    if (!reading.ok()) {
      return "error: " + reading.error().text();
    }
    return reading->credentials
               ? reading->credentials->key_id + " " + reading->credentials->secret + " " +
                     reading->credentials->token
               : "absent: " + reading->why_not;
  }
  std::string cli() {
    return said_of(cli_profile(environment_of(variables_), "https://sts/", sts_, pace_, metadata_));
  }
  std::string cli_with(const json& profile) {
    write_file(cli_path_, json{{"current", "default"}, {"profiles", {profile}}}.dump());
    return cli();
  }
  std::string ini() {
    return said_of(ini_profile(environment_of(variables_), "https://sts/", sts_, pace_, metadata_));
  }
  std::string ini_with(const std::string& text) {
    write_file(ini_path_, text);
    return ini();
  }

  test::TempDir dir_;
  const std::string cli_path_ = dir_.path() + "/.aliyun/config.json";
  const std::string ini_path_ = dir_.path() + "/.alibabacloud/credentials";
  std::map<std::string, std::string> variables_;
  ScriptedPace pace_;
  ScriptedMetadata service_;
  ScriptedTransport transport_{service_.handler()};
  Metadata metadata_{transport_, pace_};
  ScriptedTransport sts_{[this](const HttpRequest&) {
    const json set =
        json::parse(test::answer_with(test::sts_set(9, pace_.wall() + std::chrono::hours(1))));
    return test::answer(200, json{{"Credentials", set}}.dump());
  }};
};

TEST_F(ProfileTest, CliModesThatWork) {
  EXPECT_EQ(cli_with({{"name", "default"},
                      {"mode", "AK"},
                      {"access_key_id", "LTAI1"},
                      {"access_key_secret", "s1"},
                      {"region_id", "cn-hangzhou"},
                      {"output_format", "json"}}),
            "LTAI1 s1 ");
  EXPECT_EQ(cli_with({{"name", "default"},
                      {"mode", "StsToken"},
                      {"access_key_id", "STS.1"},
                      {"access_key_secret", "s1"},
                      {"sts_token", "t1"}}),
            "STS.1 s1 t1");
  EXPECT_EQ(cli_with({{"name", "default"}, {"mode", "EcsRamRole"}, {"ram_role_name", "NodeRole"}}),
            "STS.id7 Secret7 Token7+/=");
  EXPECT_EQ(cli_with({{"name", "default"}, {"mode", "EcsRamRole"}}), "STS.id7 Secret7 Token7+/=");
  write_file(dir_.path() + "/token", "oidc-token\n");
  EXPECT_EQ(cli_with({{"name", "default"},
                      {"mode", "OIDC"},
                      {"ram_role_arn", "acs:ram::1:role/r"},
                      {"oidc_provider_arn", "acs:ram::1:oidc-provider/p"},
                      {"oidc_token_file", dir_.path() + "/token"},
                      {"ram_session_name", "me"},
                      {"expired_seconds", 900}}),
            "STS.id9 Secret9 Token9+/=");
  EXPECT_THAT(sts_.requests().at(0).body, HasSubstr("DurationSeconds=900"));
  EXPECT_THAT(sts_.requests().at(0).body, HasSubstr("OIDCToken=oidc-token&"));
  EXPECT_THAT(sts_.requests().at(0).body, HasSubstr("RoleSessionName=me"));
}

TEST_F(ProfileTest, CliModesThatAreNotDoneAreRefusedByName) {
  for (const char* mode :
       {"RamRoleArn", "ChainableRamRoleArn", "CloudSSO", "OAuth", "External", "RsaKeyPair", ""}) {
    const std::string said = cli_with({{"name", "default"},
                                       {"mode", mode},
                                       {"access_key_id", "LTAI1"},
                                       {"access_key_secret", "hidden"}});
    EXPECT_EQ(said.find("error: " + cli_path_ + ", profile default: mode \"" + mode +
                        "\" is not supported"),
              0U)
        << said;
    EXPECT_THAT(said, Not(HasSubstr("hidden")));
  }
}

TEST_F(ProfileTest, CliProfileIsChosenByVariableThenByCurrent) {
  const auto profile = [](const std::string& name, const std::string& id) {
    return json{{"name", name}, {"mode", "AK"}, {"access_key_id", id}, {"access_key_secret", "s"}};
  };
  write_file(cli_path_,
             json{{"current", "b"}, {"profiles", {profile("a", "A"), profile("b", "B")}}}.dump());
  EXPECT_EQ(cli(), "B s ");
  variables_["ALIBABA_CLOUD_PROFILE"] = "a";
  EXPECT_EQ(cli(), "A s ");
  variables_["ALIBABA_CLOUD_PROFILE"] = "c";
  EXPECT_EQ(cli(), "absent: no profile \"c\" in " + cli_path_);
}

TEST_F(ProfileTest, CliAbsentDisabledMovedAndBroken) {
  EXPECT_EQ(cli(), "absent: no file " + cli_path_);
  variables_["ALIBABA_CLOUD_CONFIG_FILE"] = dir_.path() + "/elsewhere";
  EXPECT_EQ(cli(), "absent: no file " + dir_.path() + "/elsewhere");
  write_file(dir_.path() + "/elsewhere", "{\"profiles\": \"hidden\"}");
  EXPECT_EQ(cli(), "error: " + dir_.path() + "/elsewhere: profiles: expected a list");
  write_file(dir_.path() + "/elsewhere", "{\"current\": \"hidden");
  EXPECT_THAT(cli(), HasSubstr("elsewhere: not JSON"));
  EXPECT_THAT(cli(), Not(HasSubstr("hidden")));
  variables_["ALIBABA_CLOUD_CLI_PROFILE_DISABLED"] = "true";
  EXPECT_EQ(cli(), "absent: off by ALIBABA_CLOUD_CLI_PROFILE_DISABLED");
  EXPECT_EQ(said_of(cli_profile(environment_of({}), "", sts_, pace_, metadata_)),
            "absent: HOME is not set");
}

TEST_F(ProfileTest, CliErrorsNameFileAndProfile) {
  EXPECT_EQ(cli_with({{"name", "default"}, {"mode", "AK"}, {"access_key_id", "LTAI1"}}),
            "error: " + cli_path_ + ", profile default: the access key secret is missing or empty");
  EXPECT_THAT(cli_with({{"name", "default"}, {"mode", "EcsRamRole"}, {"ram_role_name", "Other"}}),
              HasSubstr("no RAM role \"Other\""));
  EXPECT_THAT(cli_with({{"name", "default"}, {"mode", "OIDC"}, {"oidc_token_file", "/nowhere"}}),
              HasSubstr("OIDC token file /nowhere does not exist"));
}

TEST_F(ProfileTest, IniTypesThatWork) {
  EXPECT_EQ(ini_with("# comment\n[other]\ntype=sts\n\n[default]\r\n; comment\r\n"
                     "type = access_key\r\naccess_key_id = LTAI1\r\naccess_key_secret=s=1==\r\n"),
            "LTAI1 s=1== ");
  EXPECT_EQ(ini_with("[default]\ntype=sts\naccess_key_id=STS.1\naccess_key_secret=s1\n"
                     "security_token=t1"),
            "STS.1 s1 t1");
  EXPECT_EQ(ini_with("[default]\ntype=ecs_ram_role\nrole_name=NodeRole\n"),
            "STS.id7 Secret7 Token7+/=");
  write_file(dir_.path() + "/token", "oidc-token");
  EXPECT_EQ(ini_with("[default]\ntype=oidc_role_arn\nrole_arn=acs:ram::1:role/r\n"
                     "oidc_provider_arn=p\noidc_token_file_path=" +
                     dir_.path() + "/token\n"),
            "STS.id9 Secret9 Token9+/=");
  EXPECT_THAT(sts_.requests().at(0).body, HasSubstr("DurationSeconds=3600"));
}

TEST_F(ProfileTest, IniTypesThatAreNotDoneAreRefusedByName) {
  for (const char* type : {"ram_role_arn", "rsa_key_pair", "bearer", ""}) {
    const std::string said =
        ini_with("[default]\ntype=" + std::string(type) + "\naccess_key_secret=hidden\n");
    EXPECT_THAT(
        said, HasSubstr("section [default]: type \"" + std::string(type) + "\" is not supported"));
    EXPECT_THAT(said, Not(HasSubstr("hidden")));
  }
}

TEST_F(ProfileTest, IniAbsentOtherSectionAndBroken) {
  EXPECT_EQ(ini(), "absent: no file " + ini_path_);
  EXPECT_EQ(ini_with("[x]\n"), "absent: no section [default] in " + ini_path_);
  variables_["ALIBABA_CLOUD_PROFILE"] = "x";
  EXPECT_EQ(ini_with("[x]\ntype=access_key\naccess_key_id=A\naccess_key_secret=s\n"), "A s ");
  const std::string said = ini_with("[x]\nhidden secret\n");
  EXPECT_EQ(said, "error: " + ini_path_ + ": line 2: expected [section] or key = value");
}

}  // namespace
}  // namespace catena::cloud
