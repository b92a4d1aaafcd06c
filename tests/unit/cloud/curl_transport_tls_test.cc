// Whose certificates the transport believes.
#include <cstdlib>
#include <httplib.h>
#include <optional>

#include <gtest/gtest.h>

#include "common/cloud/curl_transport.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/cloud/served.h"

namespace catena::cloud {
namespace {

// A TLS server whose certificate for 127.0.0.1 signs itself.
class CurlTransportTls : public testing::Test {
 protected:
  void SetUp() override {
    const test::Outcome made =
        test::run_process({"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                           "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                           "-keyout", directory_.path() + "/key.pem", "-out", certificate()});
    ASSERT_EQ(made.exit_status, 0) << made.err;
    server_.emplace(certificate().c_str(), (directory_.path() + "/key.pem").c_str());
    server_->Post("/", [](const httplib::Request&, httplib::Response& response) {
      response.set_content("tls", "text/plain");
    });
    served_.emplace(*server_);
  }
  std::string certificate() const { return directory_.path() + "/cert.pem"; }
  std::string url(const std::string& host = "127.0.0.1") const {
    return "https://" + host + ":" + std::to_string(served_->port()) + "/";
  }

  test::TempDir directory_;
  std::optional<httplib::SSLServer> server_;
  std::optional<Served> served_;
};

TEST_F(CurlTransportTls, ATrustedCertificateIsAccepted) {
  CurlOptions options;
  options.ca_file = certificate();
  const auto response = make_curl_transport(options)->exchange(to(url()));
  ASSERT_TRUE(response.ok()) << response.error().text();
  EXPECT_EQ(response->body, "tls");
}

TEST_F(CurlTransportTls, AStrangersCertificateIsRefusedBeforeAnythingIsSent) {
  const auto response = make_curl_transport()->exchange(to(url()));
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().code(), kNotSent);
}

TEST_F(CurlTransportTls, ACertificateForAnotherNameIsRefused) {
  CurlOptions options;
  options.ca_file = certificate();
  const auto response = make_curl_transport(options)->exchange(to(url("localhost")));
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().code(), kNotSent);
}

TEST_F(CurlTransportTls, CertificatesNamedByTheEnvironmentCount) {
  ::setenv("SSL_CERT_FILE", certificate().c_str(), 1);
  const auto transport = make_curl_transport(curl_options_from_environment());
  ::unsetenv("SSL_CERT_FILE");
  const auto response = transport->exchange(to(url()));
  EXPECT_TRUE(response.ok()) << response.error().text();
}
}  // namespace
}  // namespace catena::cloud
