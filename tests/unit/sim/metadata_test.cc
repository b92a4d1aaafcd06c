#include "tests/unit/sim/gate_fixture.h"

namespace catena::sim {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr const char* kTtl = "X-aliyun-ecs-metadata-token-ttl-seconds";
constexpr const char* kToken = "X-aliyun-ecs-metadata-token";

struct Metadata : GateTest {
  explicit Metadata(const Scene& scene = instant_scene()) : GateTest(scene) {}

  Answer ask(const std::string& path, const cloud::Headers& headers = {},
             const std::string& method = "GET") {
    return metadata.answer(kInstance, method, "/latest/" + path, headers);
  }
  // The body, or the status of what is no 200.
  std::string get(const std::string& path, const cloud::Headers& headers = {}) {
    const Answer answer = ask("meta-data/" + path, headers);
    return answer.response.status == 200 ? answer.response.body
                                         : std::to_string(answer.response.status);
  }
  std::string token(const std::string& ttl) {
    const Answer answer = ask("api/token", {{kTtl, ttl}}, "PUT");
    return answer.response.status == 200 ? answer.response.body
                                         : std::to_string(answer.response.status);
  }
  json eni_facts() {
    return answer(
        call_of("DescribeNetworkInterfaces",
                {{"RegionId", "cn-hangzhou"},
                 {"InstanceId", kInstance}}))["NetworkInterfaceSets"]["NetworkInterfaceSet"][0];
  }
};

TEST_F(Metadata, TellsWhatTheInstanceIs) {
  EXPECT_EQ(get("instance-id"), kInstance);
  EXPECT_EQ(get("instance/instance-type"), "ecs.g7.xlarge");
  EXPECT_EQ(get("instance/instance-name"), "node-1");
  EXPECT_EQ(get("region-id"), "cn-hangzhou");
  EXPECT_EQ(get("zone-id"), "cn-hangzhou-h");
  EXPECT_EQ(get("network-type"), "vpc");
  EXPECT_EQ(get("vpc-id"), "vpc-bp1catena00000000vpc1");
  EXPECT_EQ(get("vpc-cidr-block"), "192.168.0.0/16");
  EXPECT_EQ(get("vswitch-id"), kVSwitch);
  EXPECT_EQ(get("vswitch-cidr-block"), "192.168.0.0/20");
  EXPECT_EQ(get("owner-account-id"), "1234567890123456");
  EXPECT_THAT(get("dns-conf/nameservers"), HasSubstr("100.100."));
  const json eni = eni_facts();
  EXPECT_EQ(get("mac"), eni["MacAddress"].get<std::string>());
  EXPECT_EQ(get("private-ipv4"), eni["PrivateIpAddress"].get<std::string>());
  const Answer answer = ask("meta-data/instance-id");
  EXPECT_EQ(answer.response.header("content-type"), "text/plain");
}

TEST_F(Metadata, TellsWhatEachEniHas) {
  const json eni = eni_facts();
  const std::string at = "network/interfaces/macs/" + eni["MacAddress"].get<std::string>() + "/";
  EXPECT_EQ(get("network/interfaces/macs/"), eni["MacAddress"].get<std::string>() + "/");
  EXPECT_EQ(get(at + "network-interface-id"), eni["NetworkInterfaceId"].get<std::string>());
  EXPECT_EQ(get(at + "primary-ip-address"), eni["PrivateIpAddress"].get<std::string>());
  EXPECT_EQ(get(at + "netmask"), "255.255.240.0");
  EXPECT_EQ(get(at + "gateway"), "192.168.15.253");
  EXPECT_EQ(get(at + "vswitch-id"), kVSwitch);
  EXPECT_EQ(get(at + "vswitch-cidr-block"), "192.168.0.0/20");
  EXPECT_EQ(get(at + "vpc-id"), "vpc-bp1catena00000000vpc1");
  EXPECT_EQ(get(at + "vpc-cidr-block"), "192.168.0.0/16");
  EXPECT_EQ(get(at + "vswitch-ipv6-cidr-block"), "2001:db8:1234:1a00::/64");
  EXPECT_EQ(get(at + "vpc-ipv6-cidr-blocks"), "[2001:db8:1234:1a00::/56]");
  EXPECT_EQ(get(at + "ipv6-gateway"), "2001:db8:1234:1a00:ffff:ffff:ffff:fff7");
}

// private-ipv4s is JSON, ipv6s is not.
TEST_F(Metadata, ListsHaveTheirOwnSyntax) {
  const json eni = eni_facts();
  const std::string at = "network/interfaces/macs/" + eni["MacAddress"].get<std::string>() + "/";
  const Parameters target = {{"RegionId", "cn-hangzhou"},
                             {"NetworkInterfaceId", eni["NetworkInterfaceId"]}};
  Parameters four = target;
  four.emplace_back("SecondaryPrivateIpAddressCount", "2");
  EXPECT_EQ(verdict(call_of("AssignPrivateIpAddresses", four)), "200");
  const json list = json::parse(get(at + "private-ipv4s"));
  ASSERT_EQ(list.size(), 3U);
  EXPECT_EQ(list[0], eni["PrivateIpAddress"]);
  Parameters six = target;
  six.emplace_back("Ipv6AddressCount", "1");
  EXPECT_EQ(verdict(call_of("AssignIpv6Addresses", six)), "200");
  EXPECT_THAT(get(at + "ipv6s"),
              testing::MatchesRegex("\\[2001:db8:[0-9a-f:]+,2001:db8:[0-9a-f:]+\\]"));
}

TEST_F(Metadata, WhatIsAbsentIsNotFoundRatherThanEmpty) {
  for (const char* const path :
       {"public-ipv4", "eipv4", "instance/spot/termination-time", "no-such", "instance-id/",
        "network/interfaces/macs/00:16:3e:00:00:00/gateway", ""}) {
    if (*path != '\0') {
      EXPECT_EQ(get(path), "404") << path;
    }
  }
  const json eni = eni_facts();
  const std::string at = "network/interfaces/macs/" + eni["MacAddress"].get<std::string>() + "/";
  EXPECT_EQ(get(at + "ipv4-prefixes"), "404");
  EXPECT_EQ(get(at + "ipv6-prefixes"), "404");
  EXPECT_EQ(ask("user-data").response.status, 404);
  EXPECT_EQ(metadata.answer(kInstance, "GET", "/", {}).response.status, 404);
  EXPECT_EQ(metadata.answer(kInstance, "GET", "", {}).response.status, 404);
}

struct MetadataWithoutIpv6 : Metadata {
  static Scene scene() {
    Scene scene = instant_scene();
    scene.instances[0].ipv6 = false;
    scene.instances[0].role.clear();
    for (SceneVSwitch& vswitch : scene.vswitches) {
      vswitch.ipv6_cidr.reset();
    }
    scene.vpcs[0].ipv6_cidr.reset();
    return scene;
  }
  MetadataWithoutIpv6() : Metadata(scene()) {}
};

TEST_F(MetadataWithoutIpv6, NothingAboutIpv6OrARoleIsThere) {
  const std::string at = "network/interfaces/macs/" + get("mac") + "/";
  for (const char* const item : {"ipv6s", "ipv6-gateway", "vswitch-ipv6-cidr-block",
                                 "vpc-ipv6-cidr-blocks", "ipv6-prefixes"}) {
    EXPECT_EQ(get(at + item), "404") << item;
  }
  EXPECT_EQ(get("ram/security-credentials/"), "404");
}

TEST_F(Metadata, DirectoriesEndWithASlashInListings) {
  EXPECT_THAT(ask("meta-data/").response.body, HasSubstr("instance-id\ninstance/\n"));
  EXPECT_THAT(ask("meta-data").response.body, HasSubstr("network/"));
  EXPECT_EQ(get("network/"), "interfaces/");
  EXPECT_EQ(get("instance/"), "instance-name\ninstance-type\nmax-netbw-egress\nmax-netbw-ingress");
  EXPECT_EQ(get("network/interfaces/macs"), get("mac") + "/");
}

TEST_F(Metadata, TheIdentityDocumentIsJson) {
  const json document = json::parse(ask("dynamic/instance-identity/document").response.body);
  EXPECT_EQ(document["instance-id"], kInstance);
  EXPECT_EQ(document["instance-type"], "ecs.g7.xlarge");
  EXPECT_EQ(document["region-id"], "cn-hangzhou");
  EXPECT_EQ(document["zone-id"], "cn-hangzhou-h");
  EXPECT_EQ(document["mac"], get("mac"));
}

TEST_F(Metadata, ATokenServesUntilItExpires) {
  const std::string given = token("60");
  ASSERT_GT(given.size(), 20U);
  EXPECT_EQ(get("instance-id", {{kToken, given}}), kInstance);
  EXPECT_EQ(get("instance-id", {{"x-ALIYUN-ecs-metadata-token", given}}), kInstance);
  EXPECT_NE(token("60"), given);
  world->advance(std::chrono::seconds(59));
  EXPECT_EQ(get("instance-id", {{kToken, given}}), kInstance);
  world->advance(std::chrono::seconds(1));
  EXPECT_EQ(get("instance-id", {{kToken, given}}), "401");
}

TEST_F(Metadata, ATokenRequestIsCheckedStrictly) {
  for (const char* const ttl : {"0", "21601", "-1", "", "x", "60s", "99999999999999999999"}) {
    EXPECT_EQ(token(ttl), "400") << ttl;
  }
  EXPECT_NE(token("1"), "400");
  EXPECT_NE(token("21600"), "400");
  EXPECT_EQ(ask("api/token", {}, "PUT").response.status, 400);
  EXPECT_THAT(ask("api/token", {}, "PUT").response.body,
              HasSubstr("400 - Missing or Invalid Parameters"));
  EXPECT_EQ(
      ask("api/token", {{kTtl, "60"}, {"X-Forwarded-For", "10.0.0.1"}}, "PUT").response.status,
      403);
}

TEST_F(Metadata, ABadTokenIsRefusedAlsoWhereNoneIsNeeded) {
  const std::string given = token("60");
  for (const std::string& bad : {std::string("x"), std::string(), given + "0", "9" + given,
                                 std::string("-"), std::string("--")}) {
    EXPECT_EQ(get("instance-id", {{kToken, bad}}), "401") << bad;
  }
}

TEST_F(Metadata, TokensCanBeRequired) {
  metadata.options.tokens_required = true;
  EXPECT_EQ(get("instance-id"), "403");
  EXPECT_EQ(get("instance-id", {{kToken, token("60")}}), kInstance);
  metadata.options.tokens_required = false;
  EXPECT_EQ(get("instance-id"), kInstance);
  metadata.options.token_endpoint = false;
  EXPECT_EQ(token("60"), "404");
}

struct TwoMachines : Metadata {
  static Scene scene() {
    Scene scene = default_scene(2);
    make_instant(scene);
    scene.instances[1].metadata_tokens_required = true;
    return scene;
  }
  TwoMachines() : Metadata(scene()) {}
};

TEST_F(TwoMachines, EachHasItsOwnViewModeAndTokens) {
  const std::string other = "i-bp1catena00000node0002";
  const std::string path = "/latest/meta-data/instance-id";
  EXPECT_EQ(get("instance-id"), kInstance);
  EXPECT_EQ(metadata.answer(other, "GET", path, {}).response.status, 403);
  EXPECT_EQ(metadata.answer(other, "GET", path, {{kToken, token("60")}}).response.status, 401);
  const std::string theirs =
      metadata.answer(other, "PUT", "/latest/api/token", {{kTtl, "60"}}).response.body;
  EXPECT_EQ(metadata.answer(other, "GET", path, {{kToken, theirs}}).response.body, other);
  EXPECT_EQ(metadata.answer("i-none", "GET", path, {}).fate, Answer::Fate::kRefused);
}

TEST_F(Metadata, OtherMethodsAreNotAllowed) {
  EXPECT_EQ(ask("meta-data/instance-id", {}, "POST").response.status, 405);
  EXPECT_EQ(ask("meta-data/instance-id", {}, "PUT").response.status, 405);
  EXPECT_EQ(ask("api/token", {}, "GET").response.status, 405);
}

TEST_F(Metadata, TooManyRequestsInAMinuteAreRefused) {
  metadata.options.per_minute = 2;
  EXPECT_EQ(get("instance-id"), kInstance);
  EXPECT_EQ(get("instance-id"), kInstance);
  EXPECT_EQ(get("instance-id"), "429");
  world->advance(std::chrono::minutes(1));
  EXPECT_EQ(get("instance-id"), kInstance);
}

TEST_F(Metadata, ItCanBeSlowFailingOrGone) {
  metadata.options.delay = std::chrono::seconds(3);
  EXPECT_EQ(ask("meta-data/instance-id").delay, std::chrono::seconds(3));
  metadata.options.failing_status = 503;
  EXPECT_EQ(get("instance-id"), "503");
  metadata.options.unavailable = true;
  EXPECT_EQ(ask("meta-data/instance-id").fate, Answer::Fate::kRefused);
}

struct RoleKeys : Metadata {
  json keys() { return json::parse(get("ram/security-credentials/catena-node")); }
  std::string use(const json& keys) {
    SignedCall call = call_of("DescribeInstances", {{"RegionId", "cn-hangzhou"}});
    call.key_id = keys["AccessKeyId"];
    call.secret = keys["AccessKeySecret"];
    call.token = keys["SecurityToken"];
    return verdict(call);
  }
};

TEST_F(RoleKeys, TheRolesKeysWorkAndStayTheSame) {
  EXPECT_EQ(get("ram/security-credentials/"), "catena-node");
  const json first = keys();
  EXPECT_EQ(first["Code"], "Success");
  EXPECT_EQ(first["LastUpdated"], "2026-01-02T03:04:05Z");
  EXPECT_EQ(first["Expiration"], "2026-01-02T09:04:05Z");
  EXPECT_EQ(first, keys());
  EXPECT_EQ(use(first), "200");
}

TEST_F(RoleKeys, ANewSetIsPublishedHalfAnHourBeforeTheOldOneEnds) {
  const json first = keys();
  world->advance(std::chrono::hours(6) - std::chrono::minutes(30) - std::chrono::seconds(1));
  EXPECT_EQ(keys(), first);
  world->advance(std::chrono::seconds(1));
  const json second = keys();
  EXPECT_NE(second["AccessKeyId"], first["AccessKeyId"]);
  EXPECT_EQ(use(first), "200");
  EXPECT_EQ(use(second), "200");
  world->advance(std::chrono::minutes(30));
  EXPECT_EQ(use(first), "400 InvalidSecurityToken.Expired");
  EXPECT_EQ(use(second), "200");
}

TEST_F(RoleKeys, LifeAndOverlapCanBeShort) {
  gateway.accounts().rotation = {std::chrono::seconds(60), std::chrono::seconds(10)};
  const json first = keys();
  EXPECT_EQ(first["Expiration"], "2026-01-02T03:05:05Z");
  world->advance(std::chrono::seconds(50));
  EXPECT_NE(keys()["AccessKeyId"], first["AccessKeyId"]);
}

TEST_F(RoleKeys, AFailingIssuerSaysSoInTheCode) {
  metadata.options.credentials_code = "InternalError";
  const json answer = keys();
  EXPECT_EQ(answer["Code"], "InternalError");
  EXPECT_FALSE(answer.contains("AccessKeyId"));
}

}  // namespace
}  // namespace catena::sim
