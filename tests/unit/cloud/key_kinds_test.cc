#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/cloud/credential_kinds.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/cloud/scripted.h"
#include "tests/unit/cloud/secret_files.h"

namespace catena::cloud {
namespace {

using test::environment_of;
using test::ScriptedPace;
using test::write_file;
using testing::HasSubstr;
using testing::Not;

std::string said_of(const CredentialKind& kind) {
  const auto reading = kind.read();
  if (!reading.ok()) {
    return "error: " + reading.error().text();
  }
  return reading->credentials ? reading->credentials->key_id + " " + reading->credentials->secret +
                                    " " + reading->credentials->token
                              : "absent: " + reading->why_not;
}

TEST(EnvironmentKeys, TheNamesOfTheVendorAndOfTerway) {
  const auto said = [](std::map<std::string, std::string> variables) {
    return said_of(environment_keys(environment_of(std::move(variables))));
  };
  EXPECT_EQ(
      said({{"ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAI1"}, {"ALIBABA_CLOUD_ACCESS_KEY_SECRET", "s1"}}),
      "LTAI1 s1 ");
  EXPECT_EQ(said({{"ALIBABA_CLOUD_ACCESS_KEY_ID", "STS.1"},
                  {"ALIBABA_CLOUD_ACCESS_KEY_SECRET", "s1"},
                  {"ALIBABA_CLOUD_SECURITY_TOKEN", "t1"}}),
            "STS.1 s1 t1");
  EXPECT_EQ(said({{"ALIBABACLOUD_ACCESS_KEY_ID", "LTAI2"},
                  {"ALIBABACLOUD_ACCESS_KEY_SECRET", "s2"},
                  {"ALICLOUD_ACCESS_KEY", "LTAI3"},
                  {"ALICLOUD_SECRET_KEY", "s3"}}),
            "LTAI2 s2 ");
  EXPECT_EQ(said({{"ALICLOUD_ACCESS_KEY", "STS.3"},
                  {"ALICLOUD_SECRET_KEY", "s3"},
                  {"ALICLOUD_ACCESS_KEY_STS_TOKEN", "t3"}}),
            "STS.3 s3 t3");
}

TEST(EnvironmentKeys, AbsentIsToldFromBroken) {
  const auto said = [](std::map<std::string, std::string> variables) {
    return said_of(environment_keys(environment_of(std::move(variables))));
  };
  EXPECT_EQ(said({}), "absent: ALIBABA_CLOUD_ACCESS_KEY_ID is not set");
  EXPECT_EQ(said({{"ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAI1"}}),
            "error: ALIBABA_CLOUD_ACCESS_KEY_ID is set, but not ALIBABA_CLOUD_ACCESS_KEY_SECRET");
  EXPECT_EQ(said({{"ALICLOUD_SECRET_KEY", "s"}}),
            "error: ALICLOUD_SECRET_KEY is set, but not ALICLOUD_ACCESS_KEY");
  EXPECT_THAT(said({{"ALICLOUD_ACCESS_KEY", "STS.3"}, {"ALICLOUD_SECRET_KEY", "s3"}}),
              HasSubstr("there is no security token"));
  const std::string line_end =
      said({{"ALICLOUD_ACCESS_KEY", "LTAI3"}, {"ALICLOUD_SECRET_KEY", "hidden\nX-Injected: 1"}});
  EXPECT_THAT(line_end, HasSubstr("the access key secret holds white space"));
  EXPECT_THAT(line_end, Not(HasSubstr("hidden")));
}

TEST(ConfiguredKeys, AreGivenAsTheyAre) {
  EXPECT_EQ(said_of(static_keys("eni.conf", Credentials{"LTAI1", "s1", "", {}})), "LTAI1 s1 ");
  EXPECT_EQ(said_of(static_keys("eni.conf", std::nullopt)), "absent: not set");
}

class KeyFilesTest : public testing::Test {
 protected:
  std::string said() { return said_of(key_files(id_, secret_, pace_)); }

  test::TempDir dir_;
  ScriptedPace pace_;
  const std::string id_ = dir_.path() + "/access-key-id";
  const std::string secret_ = dir_.path() + "/access-key-secret";
};

TEST_F(KeyFilesTest, LineEndsDoNotCount) {
  write_file(id_, "LTAI1\n");
  write_file(secret_, "  s1 \r\n");
  EXPECT_EQ(said(), "LTAI1 s1 ");
  EXPECT_EQ(pace_.sleeps(), 0);
}

TEST_F(KeyFilesTest, NoFilesIsAbsentHalfOfThemIsBroken) {
  EXPECT_EQ(said(), "absent: no file " + id_);
  write_file(id_, "LTAI1");
  EXPECT_EQ(said(), "error: " + id_ + " is there, but no " + secret_);
  write_file(secret_, "");
  EXPECT_THAT(said(), HasSubstr(id_ + " and " + secret_ + ": the access key secret is missing"));
}

TEST_F(KeyFilesTest, AFileThatComesAMomentLaterIsWaitedFor) {
  write_file(id_, "LTAI1");
  pace_.in_sleep = [this] { write_file(secret_, "s1"); };
  EXPECT_EQ(said(), "LTAI1 s1 ");
}

TEST_F(KeyFilesTest, AnUnreadableFileIsBroken) {
  write_file(secret_, "s1");
  ASSERT_EQ(::symlink(dir_.path().c_str(), id_.c_str()), 0);  // a directory
  EXPECT_THAT(said(), HasSubstr("error: read " + id_));
}

TEST(AddonTokenFile, PresentAbsentAndBroken) {
  const test::TempDir dir;
  const std::string path = dir.path() + "/token-config";
  EXPECT_EQ(said_of(addon_token_file(path)), "absent: no file " + path);
  const ScriptedPace pace;
  write_file(path, test::addon_token(test::sts_set(1, pace.wall())));
  EXPECT_EQ(said_of(addon_token_file(path)), "STS.id1 Secret1 Token1+/=");
  write_file(path, "{\"keyring\": \"secret");
  EXPECT_EQ(said_of(addon_token_file(path)).find("error: " + path + ": not JSON"), 0U);
}

}  // namespace
}  // namespace catena::cloud
