#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/kube/base64.h"
#include "common/kube/config.h"
#include "tests/support/temp_dir.h"

namespace catena::kube {
namespace {

using testing::HasSubstr;
using testing::Not;

class Kubeconfig : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) const {
    const std::string path = directory_.path() + "/" + name;
    std::ofstream(path) << text;
    return path;
  }

  // A kubeconfig of one context, with these lines in the cluster and the user.
  std::string simple(const std::string& cluster, const std::string& user) const {
    return write("config",
                 "apiVersion: v1\nkind: Config\ncurrent-context: here\npreferences: {}\n"
                 "contexts:\n- context:\n    cluster: c\n    user: u\n  name: here\n"
                 "clusters:\n- cluster:\n" +
                     cluster +
                     "  name: c\n"
                     "users:\n- name: u\n  user:\n" +
                     user);
  }

  test::TempDir directory_;
};

constexpr const char* kServer = "    server: https://10.0.0.1:6443/\n";

TEST_F(Kubeconfig, ATokenAndAnAuthorityAreRead) {
  const auto config = Config::from_kubeconfig(simple(
      std::string(kServer) + "    certificate-authority-data: aGVsbG8=\n", "    token: abc\n"));
  ASSERT_TRUE(config.ok()) << config.error().text();
  EXPECT_EQ(config->server, "https://10.0.0.1:6443");
  EXPECT_EQ(config->authority.text, "hello");
  EXPECT_EQ(config->token, "abc");
  EXPECT_FALSE(config->insecure);
}

TEST_F(Kubeconfig, RelativePathsCountFromItsDirectory) {
  const auto config = Config::from_kubeconfig(
      simple(std::string(kServer) + "    certificate-authority: pki/ca.crt\n",
             "    client-certificate: /abs/client.pem\n    client-key: client.key\n"
             "    tokenFile: token\n    token: unused\n"));
  ASSERT_TRUE(config.ok()) << config.error().text();
  EXPECT_EQ(config->authority.file, directory_.path() + "/pki/ca.crt");
  EXPECT_EQ(config->certificate.file, "/abs/client.pem");
  EXPECT_EQ(config->key.file, directory_.path() + "/client.key");
  EXPECT_EQ(config->token_file, directory_.path() + "/token");
  EXPECT_EQ(config->token, "");
}

TEST_F(Kubeconfig, AnotherContextCanBeChosen) {
  const std::string path = write("config",
                                 "current-context: a\n"
                                 "contexts:\n"
                                 "- name: a\n  context: {}\n"
                                 "- name: b\n  context:\n    cluster: c\n"
                                 "clusters:\n- name: c\n  cluster:\n    server: http://h:1\n");
  const auto config = Config::from_kubeconfig(path, "b");
  ASSERT_TRUE(config.ok()) << config.error().text();
  EXPECT_EQ(config->server, "http://h:1");
  const auto missing = Config::from_kubeconfig(path, "c");
  ASSERT_FALSE(missing.ok());
  EXPECT_THAT(missing.error().message(), HasSubstr("there is no \"c\""));
  const auto current = Config::from_kubeconfig(path);
  ASSERT_FALSE(current.ok());
  EXPECT_THAT(current.error().message(), HasSubstr("clusters"));
}

TEST_F(Kubeconfig, WaysToLogInThatAreNotThereAreNamed) {
  for (const char* user :
       {"    exec:\n      command: aws\n", "    auth-provider:\n      name: oidc\n",
        "    username: me\n    password: x\n", "    as: root\n"}) {
    const auto config = Config::from_kubeconfig(simple(kServer, user));
    ASSERT_FALSE(config.ok()) << user;
    EXPECT_TRUE(config.error().is(base::ErrorKind::kUnsupported));
    EXPECT_THAT(config.error().message(), HasSubstr("is not supported"));
    EXPECT_FALSE(config.error().advice().empty());
  }
}

TEST_F(Kubeconfig, AnExecPluginIsRefusedByTheKeyThatNamesIt) {
  const auto config =
      Config::from_kubeconfig(simple(kServer, "    exec:\n      command: ack-ram-tool\n"));
  ASSERT_FALSE(config.ok());
  EXPECT_THAT(config.error().message(), HasSubstr("exec is not supported"));
  EXPECT_THAT(config.error().advice(), HasSubstr("token"));
}

TEST_F(Kubeconfig, WhatIsBrokenIsRefused) {
  struct Case {
    std::string cluster;
    std::string user;
    const char* expected;
  };
  const std::string server = kServer;
  for (const Case& broken : {
           Case{"    server: 10.0.0.1:6443\n", "    token: t\n", "expected https://host:port"},
           Case{server + "    certificate-authority-data: \"?\"\n", "    token: t\n", "not base64"},
           Case{server + "    insecure-skip-tls-verify: true\n    certificate-authority: x\n",
                "    token: t\n", "not together"},
           Case{server + "    insecure-skip-tls-verify: maybe\n", "    token: t\n", "insecure"},
           Case{server + "    tls-server-name: x\n", "    token: t\n", "tls-server-name"},
           Case{server, "    client-certificate: x\n", "one without the other"},
       }) {
    const auto config = Config::from_kubeconfig(simple(broken.cluster, broken.user));
    ASSERT_FALSE(config.ok()) << broken.expected;
    EXPECT_THAT(config.error().message(), HasSubstr(broken.expected));
    EXPECT_THAT(config.error().message(), HasSubstr(directory_.path()));
  }
}

TEST_F(Kubeconfig, AMissingFileIsNotFound) {
  const auto config = Config::from_kubeconfig(directory_.path() + "/none");
  ASSERT_FALSE(config.ok());
  EXPECT_TRUE(config.error().is(base::ErrorKind::kNotFound));
}

TEST_F(Kubeconfig, APodsServiceAccountIsFound) {
  write("token", "abc\n");
  write("ca.crt", "x");
  const auto config = Config::service_account("10.96.0.1", "443", directory_.path());
  ASSERT_TRUE(config.ok()) << config.error().text();
  EXPECT_EQ(config->server, "https://10.96.0.1:443");
  EXPECT_EQ(config->token_file, directory_.path() + "/token");
  EXPECT_EQ(config->authority.file, directory_.path() + "/ca.crt");
  EXPECT_EQ(Config::service_account("fd00::1", "443", directory_.path())->server,
            "https://[fd00::1]:443");
}

TEST_F(Kubeconfig, OutsideAPodThereIsNoServiceAccount) {
  const auto config = Config::service_account("", "", directory_.path());
  ASSERT_FALSE(config.ok());
  EXPECT_TRUE(config.error().is(base::ErrorKind::kNotFound));
  const auto no_token = Config::service_account("10.96.0.1", "443", directory_.path());
  ASSERT_FALSE(no_token.ok());
  EXPECT_THAT(no_token.error().message(), HasSubstr("/token"));
}

TEST(Base64, IsReadAsWritten) {
  EXPECT_EQ(*decode_base64(""), "");
  EXPECT_EQ(*decode_base64("Zg=="), "f");
  EXPECT_EQ(*decode_base64("Zm8="), "fo");
  EXPECT_EQ(*decode_base64("Zm9v"), "foo");
  EXPECT_EQ(*decode_base64("Zm9v\nYmFy\n"), "foobar");
  EXPECT_EQ(*decode_base64("+/+/"), "\xfb\xff\xbf");
  for (const char* text : {"Z", "Zg=", "Zg===", "Z?==", "Zg==Zg==", "=", "Zm9vZ"}) {
    EXPECT_FALSE(decode_base64(text).ok()) << text;
  }
}

}  // namespace
}  // namespace catena::kube
