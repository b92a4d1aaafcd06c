// Whom the client believes, and how it proves who it is.
#include <sys/stat.h>

#include <gmock/gmock.h>

#include "common/base/file.h"
#include "common/kube/failure.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/kube/kube_fixture.h"

namespace catena::kube {
namespace {

using testing::HasSubstr;

class KubeClientTls : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(server_.certificates()->good()) << server_.certificates()->trouble();
    server_.objects().put(node("a"));
  }

  static base::Result<Json> get(const Config& config, Millis budget = Millis(15'000)) {
    ClientOptions options = quick();
    options.budget = budget;
    auto client = Client::create(config, options);
    if (!client.ok()) {
      return std::move(client).error();
    }
    return client->get({kNodes, "", "a"});
  }
  static std::string text_of(const std::string& path) {
    return base::read_file(path, 1 << 20).value();
  }

  test::ApiServer server_{{.tls = true, .client_certificates = true}};
};

TEST_F(KubeClientTls, ACertificateFromFilesIsAccepted) {
  const auto got = get(server_.config());
  EXPECT_TRUE(got.ok()) << got.error().text();
}

TEST_F(KubeClientTls, CertificatesInsideTheConfigurationAreAccepted) {
  Config config = server_.config();
  config.authority = {.file = {}, .text = text_of(config.authority.file)};
  config.certificate = {.file = {}, .text = text_of(config.certificate.file)};
  config.key = {.file = {}, .text = text_of(config.key.file)};
  const auto got = get(config);
  EXPECT_TRUE(got.ok()) << got.error().text();
}

TEST_F(KubeClientTls, AServerOfAnotherAuthorityIsNotTrusted) {
  Config config = server_.config();
  config.authority.file = server_.certificates()->stranger();
  const auto got = get(config);
  ASSERT_FALSE(got.ok());
  EXPECT_THAT(got.error().message(), HasSubstr("certificate"));
  EXPECT_EQ(got.error().code(), kUntrusted);
  EXPECT_TRUE(server_.requests().empty());
}

TEST_F(KubeClientTls, WithoutAnAuthorityTheMachinesOwnAreAsked) {
  Config config = server_.config();
  config.authority = {};
  EXPECT_FALSE(get(config).ok());
  config.insecure = true;
  const auto got = get(config);
  EXPECT_TRUE(got.ok()) << got.error().text();
}

TEST_F(KubeClientTls, WithoutAClientCertificateNobodyIsServed) {
  Config config = server_.config();
  config.certificate = {};
  config.key = {};
  EXPECT_FALSE(get(config, Millis(500)).ok());
  config.certificate.file = server_.certificates()->stranger();
  config.key.file = server_.certificates()->stranger_key();
  EXPECT_FALSE(get(config, Millis(500)).ok());
}

TEST_F(KubeClientTls, AKubeconfigAsKubeletWritesItWorks) {
  // Certificate and key in one file, as kubelet rotates them.
  const test::TempDir directory;
  const test::Certificates& made = *server_.certificates();
  write_file(directory.path() + "/kubelet-client-current.pem",
             text_of(made.client()) + text_of(made.client_key()));
  write_file(directory.path() + "/kubelet.conf",
             "apiVersion: v1\n"
             "clusters:\n"
             "- cluster:\n"
             "    certificate-authority: " +
                 made.authority() +
                 "\n"
                 "    server: " +
                 server_.url() +
                 "\n"
                 "  name: kubernetes\n"
                 "contexts:\n"
                 "- context:\n"
                 "    cluster: kubernetes\n"
                 "    user: system:node:test\n"
                 "  name: system:node:test@kubernetes\n"
                 "current-context: system:node:test@kubernetes\n"
                 "kind: Config\n"
                 "preferences: {}\n"
                 "users:\n"
                 "- name: system:node:test\n"
                 "  user:\n"
                 "    client-certificate: kubelet-client-current.pem\n"
                 "    client-key: kubelet-client-current.pem\n");
  const auto config = Config::from_kubeconfig(directory.path() + "/kubelet.conf");
  ASSERT_TRUE(config.ok()) << config.error().text();
  const auto got = get(*config);
  EXPECT_TRUE(got.ok()) << got.error().text();
}

TEST_F(KubeClientTls, ARenewedCertificateIsUsedOnceTheOldOneIsRefused) {
  server_.fail({.status = 401, .reason = "Unauthorized"});
  const auto got = get(server_.config());
  ASSERT_TRUE(got.ok()) << got.error().text();
  const auto requests = server_.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_NE(requests[0].port, requests[1].port)
      << "only a new connection shows another certificate";
}

}  // namespace
}  // namespace catena::kube
