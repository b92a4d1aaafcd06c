#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

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

class RamRoleTest : public testing::Test {
 protected:
  base::Result<Reading> read(std::map<std::string, std::string> variables = {}) {
    return ram_role(environment_of(std::move(variables)), metadata_).read();
  }

  ScriptedPace pace_;
  ScriptedMetadata service_;
  ScriptedTransport transport_{service_.handler()};
  Metadata metadata_{transport_, pace_};
  const Credentials set_ = test::sts_set(1, pace_.wall() + std::chrono::hours(6));
};

TEST_F(RamRoleTest, TheInstancesRoleIsFoundByItself) {
  service_.items["ram/security-credentials/"] = "NodeRole\n";
  service_.items["ram/security-credentials/NodeRole"] = test::answer_with(set_);
  EXPECT_EQ(read()->credentials, set_);
}

TEST_F(RamRoleTest, ANamedRoleIsNotSearchedFor) {
  service_.items["ram/security-credentials/Named"] = test::answer_with(set_);
  EXPECT_EQ(read({{"ALIBABA_CLOUD_ECS_METADATA", "Named"}})->credentials, set_);
  const auto other = read({{"ALIBABA_CLOUD_ECS_METADATA", "Other"}});
  EXPECT_THAT(other.error().message(), HasSubstr("no RAM role \"Other\""));
}

TEST_F(RamRoleTest, NoRoleAndDisabledAreAbsent) {
  EXPECT_EQ(read()->why_not, "no RAM role is attached to this instance");
  EXPECT_FALSE(read()->for_now);
  EXPECT_EQ(read({{"ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true"}})->why_not,
            "off by ALIBABA_CLOUD_ECS_METADATA_DISABLED");
}

TEST_F(RamRoleTest, NobodyAnsweringIsAbsentForNow) {
  service_.statuses = {0, 0, 0, 0, 0};
  const auto reading = read();
  ASSERT_TRUE(reading.ok());
  EXPECT_TRUE(reading->for_now);
  EXPECT_THAT(reading->why_not, HasSubstr("timed out"));
}

TEST_F(RamRoleTest, AnAnswerThatIsNoSuccessIsAnError) {
  service_.items["ram/security-credentials/"] = "NodeRole";
  std::string& answer = service_.items["ram/security-credentials/NodeRole"];
  answer = R"({"Code":"Failed"})";
  EXPECT_THAT(read().error().message(), HasSubstr("RAM role NodeRole: the issuer says \"Failed\""));
  answer = R"({"Code":"Success","AccessKeyId":"STS.1","AccessKeySecret":"hidden",)"
           R"("SecurityToken":"t","Expiration":"soon"})";
  EXPECT_THAT(read().error().message(), HasSubstr("Expiration: expected a time"));
  answer = "{\"AccessKeySecret\":\"hidden";
  EXPECT_THAT(read().error().message(), Not(HasSubstr("hidden")));
}

class RrsaTest : public testing::Test {
 protected:
  base::Result<Reading> read() {
    return oidc_role(environment_of(variables_), "https://sts.example/", transport_, pace_).read();
  }

  test::TempDir dir_;
  const std::string token_ = dir_.path() + "/token";
  std::map<std::string, std::string> variables_{
      {"ALIBABA_CLOUD_ROLE_ARN", "acs:ram::1:role/r"},
      {"ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "acs:ram::1:oidc-provider/p"},
      {"ALIBABA_CLOUD_OIDC_TOKEN_FILE", token_}};
  ScriptedPace pace_;
  ScriptedTransport transport_{[this](const HttpRequest&) {
    const json set =
        json::parse(test::answer_with(test::sts_set(1, pace_.wall() + std::chrono::hours(1))));
    return test::answer(200, json{{"Credentials", set}}.dump());
  }};
};

TEST_F(RrsaTest, TheTokenFileIsReadAnewEachTime) {
  variables_["ALIBABA_CLOUD_ROLE_SESSION_NAME"] = "node-1";
  write_file(token_, "token-a\n");
  EXPECT_EQ(read()->credentials->key_id, "STS.id1");
  write_file(token_, "token-b\n");
  EXPECT_TRUE(read().ok());
  EXPECT_THAT(transport_.requests().at(0).body, HasSubstr("OIDCToken=token-a&"));
  EXPECT_THAT(transport_.requests().at(0).body, HasSubstr("RoleSessionName=node-1"));
  EXPECT_THAT(transport_.requests().at(1).body, HasSubstr("OIDCToken=token-b&"));
  EXPECT_THAT(transport_.requests().at(1).url, testing::StartsWith("https://sts.example/?"));
}

TEST_F(RrsaTest, AMissingVariableIsAbsentAMissingFileIsBroken) {
  EXPECT_THAT(read().error().message(), HasSubstr(token_ + " does not exist"));
  write_file(token_, "\n");
  EXPECT_THAT(read().error().message(), HasSubstr(token_ + " is empty"));
  variables_["ALIBABA_CLOUD_OIDC_TOKEN_FILE"] = "";
  EXPECT_EQ(read()->why_not, "ALIBABA_CLOUD_OIDC_TOKEN_FILE is not set");
  EXPECT_TRUE(transport_.requests().empty());
}

TEST(CredentialsUri, IsAskedForASetAndNeverShown) {
  ScriptedPace pace;
  const Credentials set = test::sts_set(3, pace.wall() + std::chrono::hours(1));
  int status = 200;
  ScriptedTransport transport(
      [&](const HttpRequest&) { return test::answer(status, test::answer_with(set)); });
  const CredentialKind kind = credentials_uri(
      environment_of({{"ALIBABA_CLOUD_CREDENTIALS_URI", "http://x/?key=hidden"}}), transport, pace);
  EXPECT_EQ(kind.read()->credentials, set);
  EXPECT_EQ(transport.requests().at(0).url, "http://x/?key=hidden");
  for (const int bad : {404, 500}) {
    status = bad;
    const auto refused = kind.read();
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().is(ErrorKind::kTryAgain), bad == 500);
    EXPECT_THAT(refused.error().text(), HasSubstr("ALIBABA_CLOUD_CREDENTIALS_URI"));
    EXPECT_THAT(refused.error().text(), Not(HasSubstr("hidden")));
  }
  EXPECT_EQ(credentials_uri(environment_of({}), transport, pace).read()->why_not,
            "ALIBABA_CLOUD_CREDENTIALS_URI is not set");
}

}  // namespace
}  // namespace catena::cloud
