#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/file.h"
#include "common/cloud/credential_chain.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/cloud/scripted.h"
#include "tests/unit/cloud/secret_files.h"

namespace catena::cloud {
namespace {

using std::chrono::hours;
using test::ScriptedPace;
using test::sts_set;

// The whole chain of make_credential_source, with the machine's default files out of the way.
class WholeChainTest : public testing::Test {
 protected:
  std::string kind_of(std::map<std::string, std::string> variables,
                      std::optional<Credentials> configured = std::nullopt) {
    variables.emplace("HOME", dir_.path());
    CredentialOptions options;
    options.configured = std::move(configured);
    options.key_id_file = dir_.path() + "/access-key-id";
    options.key_secret_file = dir_.path() + "/access-key-secret";
    options.addon_token_file = dir_.path() + "/token-config";
    const auto chain = make_credential_source(options, test::environment_of(variables), transport_,
                                              pace_, metadata_);
    const auto credentials = chain->get();
    return credentials.ok() ? chain->kind() + " " + credentials->key_id
                            : credentials.error().text();
  }

  test::TempDir dir_;
  ScriptedPace pace_;
  test::ScriptedMetadata service_;
  test::ScriptedTransport transport_{service_.handler()};
  Metadata metadata_{transport_, pace_};
};

TEST_F(WholeChainTest, KindsServeInTheDocumentedOrder) {
  const Credentials set = sts_set(1, pace_.wall() + hours(6));
  std::map<std::string, std::string> variables;
  EXPECT_EQ(
      kind_of(variables),
      "no credentials: key files: no file " + dir_.path() +
          "/access-key-id; eni.conf: not set; environment: ALIBABA_CLOUD_ACCESS_KEY_ID is not "
          "set; RRSA: ALIBABA_CLOUD_ROLE_ARN is not set; add-on token file: no file " +
          dir_.path() + "/token-config; CLI profile: no file " + dir_.path() +
          "/.aliyun/config.json; credentials file: no file " + dir_.path() +
          "/.alibabacloud/credentials; RAM role: no RAM role is attached to this instance; "
          "credentials URI: ALIBABA_CLOUD_CREDENTIALS_URI is not set; give the instance a RAM "
          "role, or one of the kinds of docs/credentials.md");
  service_.items["ram/security-credentials/"] = "NodeRole";
  service_.items["ram/security-credentials/NodeRole"] = test::answer_with(set);
  EXPECT_EQ(kind_of(variables), "RAM role STS.id1");
  ASSERT_TRUE(base::make_directories(dir_.path() + "/.alibabacloud").ok());
  test::write_file(dir_.path() + "/.alibabacloud/credentials",
                   "[default]\ntype=access_key\naccess_key_id=INI\naccess_key_secret=s\n");
  EXPECT_EQ(kind_of(variables), "credentials file INI");
  ASSERT_TRUE(base::make_directories(dir_.path() + "/.aliyun").ok());
  test::write_file(dir_.path() + "/.aliyun/config.json",
                   R"({"current":"d","profiles":[{"name":"d","mode":"AK","access_key_id":"CLI",)"
                   R"("access_key_secret":"s"}]})");
  EXPECT_EQ(kind_of(variables), "CLI profile CLI");
  test::write_file(dir_.path() + "/token-config", test::addon_token(set));
  EXPECT_EQ(kind_of(variables), "add-on token file STS.id1");
  variables["ALICLOUD_ACCESS_KEY"] = "ENV";
  variables["ALICLOUD_SECRET_KEY"] = "s";
  EXPECT_EQ(kind_of(variables), "environment ENV");
  EXPECT_EQ(kind_of(variables, Credentials{"CONF", "s", "", {}}), "eni.conf CONF");
  test::write_file(dir_.path() + "/access-key-id", "FILES");
  test::write_file(dir_.path() + "/access-key-secret", "s");
  EXPECT_EQ(kind_of(variables, Credentials{"CONF", "s", "", {}}), "key files FILES");
}

TEST_F(WholeChainTest, RrsaBrokenIsNotReplacedByTheNodesRole) {
  service_.items["ram/security-credentials/"] = "NodeRole";
  service_.items["ram/security-credentials/NodeRole"] =
      test::answer_with(sts_set(1, pace_.wall() + hours(6)));
  EXPECT_THAT(kind_of({{"ALIBABA_CLOUD_ROLE_ARN", "acs:ram::1:role/r"},
                       {"ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "acs:ram::1:oidc-provider/p"},
                       {"ALIBABA_CLOUD_OIDC_TOKEN_FILE", "/nowhere/token"}}),
              testing::StartsWith("RRSA: OIDC token file /nowhere/token does not exist"));
}

}  // namespace
}  // namespace catena::cloud
