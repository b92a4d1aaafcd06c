// The chain over an add-on token file that somebody else writes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/file.h"
#include "common/cloud/eni_conf.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/cloud/credential_chain_fixture.h"

namespace catena::cloud {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using test::sts_set;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class TokenFileChainTest : public CredentialChainTest {
 protected:
  void publish(int n, seconds life, unsigned mode = 0600) {
    ASSERT_TRUE(
        base::replace_file(path_, test::addon_token(sts_set(n, pace_.wall() + life)), mode).ok());
  }

  test::TempDir dir_;
  const std::string path_ = dir_.path() + "/token-config";
  CredentialChain chain_{{addon_token_file(path_)}, pace_};
};

TEST(TokenFile, LiesWhereTheAddOnPutsItUnlessEniConfNamesAnotherPlace) {
  EXPECT_EQ(credential_options_of({}).addon_token_file, "/var/addon/token-config");
  EXPECT_EQ(credential_options_of({.credential_path = "/etc/token"}).addon_token_file,
            "/etc/token");
}

TEST_F(TokenFileChainTest, AReplacedFileIsUsedAtOnce) {
  publish(1, hours(6));
  EXPECT_EQ(id_of(chain_), "STS.id1");
  publish(2, hours(6));
  EXPECT_EQ(id_of(chain_), "STS.id2");
}

TEST_F(TokenFileChainTest, ATornWriteIsWaitedFor) {
  publish(1, hours(6));
  EXPECT_EQ(id_of(chain_), "STS.id1");
  const std::string next = test::addon_token(sts_set(2, pace_.wall() + hours(6)));
  test::write_file(path_, std::string_view(next).substr(0, next.size() / 2));
  pace_.in_sleep = [&] { test::write_file(path_, next); };
  EXPECT_EQ(id_of(chain_), "STS.id2");
  EXPECT_EQ(pace_.sleeps(), 1);
}

TEST_F(TokenFileChainTest, AFileThatStaysBrokenDoesNotStopTheOldSetNorSlowEachCall) {
  publish(1, hours(6));
  EXPECT_EQ(id_of(chain_), "STS.id1");
  test::write_file(path_, "{\"keyring\":");
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(id_of(chain_), "STS.id1");
  }
  EXPECT_EQ(pace_.sleeps(), 5);
  EXPECT_THAT(chain_.last_failure(), HasSubstr(path_ + ": not JSON"));
  publish(2, hours(6));
  EXPECT_EQ(id_of(chain_), "STS.id2");
}

TEST_F(TokenFileChainTest, ARemovedFileLeavesTheOldSetUntilItExpires) {
  publish(1, hours(1));
  EXPECT_EQ(id_of(chain_), "STS.id1");
  ASSERT_EQ(::unlink(path_.c_str()), 0);
  EXPECT_EQ(id_of(chain_), "STS.id1");
  pace_.pass(hours(1));
  EXPECT_EQ(id_of(chain_),
            "error: no credentials: add-on token file: no file " + path_ +
                "; give the instance a RAM role, or one of the kinds of docs/credentials.md");
}

TEST_F(TokenFileChainTest, TheIssuersFailureIsTold) {
  test::write_file(path_, R"({"error":{"roleName":"r","code":"NoPermission","message":"m"}})");
  EXPECT_THAT(id_of(chain_), HasSubstr(path_ + ": the issuer of the token failed for role r"));
  EXPECT_EQ(pace_.sleeps(), 0);
}

TEST_F(TokenFileChainTest, AFileThatOthersCanReadIsNoticed) {
  publish(1, hours(6), 0600);
  EXPECT_EQ(id_of(chain_), "STS.id1");
  EXPECT_THAT(chain_.notices(), IsEmpty());
  publish(2, hours(6), 0644);
  EXPECT_EQ(id_of(chain_), "STS.id2");
  EXPECT_THAT(chain_.notices(),
              ElementsAre(path_ + " holds a secret, but others than its owner can reach it (mode "
                                  "0644): chmod 600"));
}
}  // namespace
}  // namespace catena::cloud
