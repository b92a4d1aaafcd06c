// Metadata, roles and the chain against the simulated cloud, in virtual time.
#include "common/cloud/client.h"
#include "common/cloud/credential_chain.h"
#include "sim/addon_token.h"
#include "sim/gateway/sts.h"
#include "sim/sim_transport.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/cloud/scripted.h"
#include "tests/unit/cloud/secret_files.h"
#include "tests/unit/sim/gate_fixture.h"

namespace catena::cloud {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kProvider = "acs:ram::1234567890123456:oidc-provider/ack-rrsa-c1";
constexpr const char* kIssuer = "https://oidc-ack-cn-hangzhou.example/c1";

struct SimulatedCredentials : sim::GateTest {
  SimulatedCredentials()
      : pace(*world, gateway),
        transport(*world, gateway, metadata, pace, sim::kInstance),
        service(transport, pace) {
    endpoints.region = "cn-hangzhou";
  }

  // "ok", or the error.
  std::string describe(Client& client) {
    const auto found =
        client.call(Product::kEcs, "DescribeInstances", {{"RegionId", "cn-hangzhou"}});
    return found.ok() ? "ok" : found.error().text();
  }
  Client client_of(CredentialSource& source) {
    ClientOptions options;
    options.endpoints = endpoints;
    return {transport, pace, source, nullptr, options};
  }
  // Refusals of DescribeInstances since the start, whatever their code.
  std::uint64_t refusals() {
    std::uint64_t sum = 0;
    for (const auto& [code, count] : gateway.counts().at("DescribeInstances").refused) {
      sum += count;
    }
    return sum;
  }

  sim::VirtualPace pace;
  sim::SimTransport transport;
  Metadata service;
  Endpoints endpoints;
  test::TempDir dir;
};

TEST_F(SimulatedCredentials, TheNodeKnowsWhatItIs) {
  for (const bool required : {false, true}) {
    metadata.options.tokens_required = required;
    Metadata fresh(transport, pace);
    EXPECT_EQ(fresh.instance_id().value(), sim::kInstance);
    EXPECT_EQ(fresh.instance_type().value(), "ecs.g7.xlarge");
    EXPECT_EQ(fresh.region().value(), "cn-hangzhou");
    EXPECT_EQ(fresh.zone().value(), "cn-hangzhou-h");
    EXPECT_EQ(fresh.vpc_id().value(), "vpc-bp1catena00000000vpc1");
    EXPECT_EQ(fresh.vswitch_id().value(), sim::kVSwitch);
    EXPECT_THAT(fresh.macs().value(), ElementsAre(fresh.mac().value()));
  }
}

TEST_F(SimulatedCredentials, AnEniShowsAllItsAddresses) {
  const base::Mac mac = service.mac().value();
  const EniMetadata before = service.eni(mac).value().value();
  EXPECT_EQ(before.vswitch_cidr.to_string(), "192.168.0.0/20");
  EXPECT_EQ(before.prefix_length, 20);
  EXPECT_EQ(before.gateway.to_string(), "192.168.15.253");
  EXPECT_THAT(before.private_ips, ElementsAre(before.primary_ip));
  EXPECT_THAT(before.ipv4_prefixes, IsEmpty());
  EXPECT_EQ(before.vswitch_ipv6_cidr->to_string(), "2001:db8:1234:1a00::/64");
  EXPECT_EQ(before.ipv6_gateway->to_string(), "2001:db8:1234:1a00:ffff:ffff:ffff:fff7");
  const Parameters target{{"RegionId", "cn-hangzhou"}, {"NetworkInterfaceId", before.eni_id}};
  Parameters four = target;
  four.emplace_back("SecondaryPrivateIpAddressCount", "2");
  ASSERT_EQ(verdict(call_of("AssignPrivateIpAddresses", four)), "200");
  Parameters six = target;
  six.emplace_back("Ipv6AddressCount", "2");
  ASSERT_EQ(verdict(call_of("AssignIpv6Addresses", six)), "200");
  const EniMetadata after = service.eni(mac).value().value();
  EXPECT_EQ(after.private_ips.size(), 3U);
  EXPECT_EQ(after.ipv6s.size(), before.ipv6s.size() + 2);
}

TEST_F(SimulatedCredentials, ThrottledAndFailingMetadataIsWaitedOut) {
  metadata.options.per_minute = 3;
  EXPECT_EQ(service.text("instance-id").value(), sim::kInstance);
  EXPECT_EQ(service.text("instance-id").value(), sim::kInstance);
  const auto refused = service.text("instance-id");
  ASSERT_FALSE(refused.ok());
  EXPECT_TRUE(refused.error().is(base::ErrorKind::kTryAgain));
  EXPECT_THAT(refused.error().message(), HasSubstr("answered 429"));
  pace.sleep(minutes(1));
  EXPECT_EQ(service.text("instance-id").value(), sim::kInstance);
}

TEST_F(SimulatedCredentials, ADayOnTheRamRoleRefusesNoCall) {
  const auto chain = make_credential_source({}, test::environment_of({}), transport, pace, service);
  Client client = client_of(*chain);
  std::set<std::string> sets;
  for (int i = 0; i < 24 * 12; ++i) {
    ASSERT_EQ(describe(client), "ok") << "after " << i * 5 << " minutes";
    sets.insert(chain->get()->key_id);
    pace.sleep(minutes(5));
  }
  EXPECT_EQ(chain->kind(), "RAM role");
  EXPECT_EQ(refusals(), 0U);
  EXPECT_EQ(sets.size(), 5U);  // a new one every five and a half hours
}

TEST_F(SimulatedCredentials, AMetadataOutageUpToTheVeryEndHarmsNobody) {
  const auto chain = make_credential_source({}, test::environment_of({}), transport, pace, service);
  Client client = client_of(*chain);
  ASSERT_EQ(describe(client), "ok");
  metadata.options.unavailable = true;
  pace.sleep(hours(6) - minutes(1));
  EXPECT_EQ(describe(client), "ok");
  EXPECT_THAT(chain->last_failure(), HasSubstr("RAM role"));
  pace.sleep(minutes(1));
  EXPECT_THAT(describe(client), HasSubstr("RAM role"));
  metadata.options.unavailable = false;
  EXPECT_EQ(describe(client), "ok");
  EXPECT_EQ(refusals(), 0U);
}

TEST_F(SimulatedCredentials, SetsOfAMinuteAreKeptUpWith) {
  gateway.accounts().rotation = {seconds(60), seconds(20)};
  const auto chain = make_credential_source({}, test::environment_of({}), transport, pace, service);
  Client client = client_of(*chain);
  for (int i = 0; i < 600; ++i) {
    ASSERT_EQ(describe(client), "ok") << "after " << i << " seconds";
    pace.sleep(seconds(1));
  }
  EXPECT_EQ(refusals(), 0U);
}

TEST_F(SimulatedCredentials, AServiceAccountsTokenBecomesAKeyThatWorksAndIsRenewed) {
  sim::Role role;
  role.name = "pods";
  role.account = world->scene().account;
  role.oidc_provider = kProvider;
  role.oidc_issuer = kIssuer;
  gateway.accounts().add_role(role);
  const std::string token_file = dir.path() + "/token";
  const auto write_token = [&] {
    test::write_file(token_file,
                     sim::make_oidc_token(kIssuer, "system:serviceaccount:kube-system:catena",
                                          world->now() + minutes(60)));
  };
  write_token();
  CredentialOptions options;
  options.sts_url = "https://sts-vpc.cn-hangzhou.aliyuncs.com/";
  const auto chain =
      make_credential_source(options,
                             test::environment_of({{"ALIBABA_CLOUD_ROLE_ARN", role.arn()},
                                                   {"ALIBABA_CLOUD_OIDC_PROVIDER_ARN", kProvider},
                                                   {"ALIBABA_CLOUD_OIDC_TOKEN_FILE", token_file}}),
                             transport, pace, service);
  Client client = client_of(*chain);
  std::set<std::string> sets;
  for (int i = 0; i < 5 * 12; ++i) {
    ASSERT_EQ(describe(client), "ok") << "after " << i * 5 << " minutes";
    sets.insert(chain->get()->key_id);
    pace.sleep(minutes(5));
    write_token();
  }
  EXPECT_EQ(chain->kind(), "RRSA");
  EXPECT_EQ(refusals(), 0U);
  EXPECT_GE(sets.size(), 5U);
}

TEST_F(SimulatedCredentials, AnOldServiceAccountTokenIsToldByStsOwnWords) {
  sim::Role role;
  role.name = "pods";
  role.account = world->scene().account;
  role.oidc_provider = kProvider;
  gateway.accounts().add_role(role);
  const std::string token_file = dir.path() + "/token";
  test::write_file(token_file, sim::make_oidc_token(kIssuer, "s", world->now()));
  CredentialOptions options;
  options.sts_url = "https://sts.cn-hangzhou.aliyuncs.com/";
  const auto chain =
      make_credential_source(options,
                             test::environment_of({{"ALIBABA_CLOUD_ROLE_ARN", role.arn()},
                                                   {"ALIBABA_CLOUD_OIDC_PROVIDER_ARN", kProvider},
                                                   {"ALIBABA_CLOUD_OIDC_TOKEN_FILE", token_file}}),
                             transport, pace, service);
  const auto refused = chain->get();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), "AuthenticationFail.OIDCToken.Expired");
  EXPECT_THAT(refused.error().message(), testing::StartsWith("RRSA: AssumeRoleWithOIDC for acs:"));
}

struct TokenFile : SimulatedCredentials {
  TokenFile() {
    sim::Role role;
    role.name = "addon";
    role.account = world->scene().account;
    gateway.accounts().add_role(role);
    options.addon_token_file = dir.path() + "/token-config";
  }
  // The text of a file with a new set that lives so long.
  std::string issue(seconds life) {
    const sim::AccessKey key = gateway.accounts().issue(*gateway.accounts().find_role("addon"),
                                                        world->now() + life, std::nullopt);
    const Credentials set{key.id, key.secret, key.token, world->now() + life};
    return sim::addon_token_file(set, std::string(test::kKeyring), 1).value();
  }
  void publish(const std::string& text) { test::write_file(options.addon_token_file, text); }

  CredentialOptions options;
};

TEST_F(TokenFile, TheClusterReplacesItAndNoCallIsRefused) {
  publish(issue(hours(1)));
  const auto chain =
      make_credential_source(options, test::environment_of({}), transport, pace, service);
  Client client = client_of(*chain);
  for (int i = 0; i < 60; ++i) {
    ASSERT_EQ(describe(client), "ok") << "after " << i * 10 << " minutes";
    pace.sleep(minutes(10));
    if (i % 4 == 3) {
      publish(issue(hours(1)));
    }
  }
  EXPECT_EQ(chain->kind(), "add-on token file");
  EXPECT_EQ(refusals(), 0U);
}

// At every length of the new text over the old one: the old set or the new one, never neither.
TEST_F(TokenFile, AWriteCutAnywhereNeverStopsANodeThatHasASet) {
  const std::string old_text = issue(hours(6));
  const std::string new_text = issue(hours(6));
  publish(old_text);
  const auto chain =
      make_credential_source(options, test::environment_of({}), transport, pace, service);
  Client client = client_of(*chain);
  ASSERT_EQ(describe(client), "ok");
  for (std::size_t written = 0; written <= new_text.size(); written += 7) {
    publish(sim::torn_write(old_text, new_text, written));
    ASSERT_EQ(describe(client), "ok") << written << " bytes written";
  }
  publish(new_text);
  EXPECT_EQ(describe(client), "ok");
}

TEST_F(TokenFile, AKeyTakenBackIsReplacedByTheOneInTheFile) {
  publish(issue(hours(6)));
  const auto chain =
      make_credential_source(options, test::environment_of({}), transport, pace, service);
  Client client = client_of(*chain);
  ASSERT_EQ(describe(client), "ok");
  gateway.accounts().remove_key(chain->get()->key_id);
  publish(issue(hours(6)));
  EXPECT_EQ(describe(client), "ok");
}

TEST_F(SimulatedCredentials, ASetTakenBackEarlyIsReadAnewOnce) {
  const auto chain = make_credential_source({}, test::environment_of({}), transport, pace, service);
  Client client = client_of(*chain);
  ASSERT_EQ(describe(client), "ok");
  gateway.accounts().remove_key(chain->get()->key_id);
  gateway.accounts().rotate_now();
  EXPECT_EQ(describe(client), "ok");
  EXPECT_EQ(refusals(), 1U);
}

}  // namespace
}  // namespace catena::cloud
