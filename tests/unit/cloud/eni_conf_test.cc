#include "common/cloud/eni_conf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/temp_dir.h"
#include "tests/unit/cloud/secret_files.h"

namespace catena::cloud {
namespace {

using base::ErrorKind;
using nlohmann::json;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::StartsWith;

EniConf conf_of(const json& file) {
  auto conf = parse_eni_conf(file.dump());
  EXPECT_TRUE(conf.ok()) << conf.error().text();
  return conf.ok() ? std::move(conf).value() : EniConf();
}

// The error's text; "ok" where there is none.
std::string said_of(const json& file) {
  const auto conf = parse_eni_conf(file.dump());
  if (!conf.ok()) {
    EXPECT_TRUE(conf.error().is(ErrorKind::kBadConfig)) << conf.error().text();
  }
  return conf.ok() ? "ok" : conf.error().text();
}

TEST(EniConf, AnEmptyFileMeansTheDefaults) {
  const EniConf conf = conf_of(json::object());
  EXPECT_EQ(conf.region, "");
  EXPECT_FALSE(conf.credentials);
  EXPECT_THAT(conf.vswitches, IsEmpty());
  EXPECT_THAT(conf.security_groups, IsEmpty());
  EXPECT_EQ(conf.vswitch_policy, VSwitchPolicy::kRandom);
  EXPECT_EQ(conf.eni_policy, EniPolicy::kMostIps);
  EXPECT_EQ(conf.ip_stack, IpStack::kIpv4);
  EXPECT_EQ(conf.min_pool_size, 0);
  EXPECT_EQ(conf.max_pool_size, 5);
  EXPECT_EQ(conf.pool_sync_period, seconds(120));
  EXPECT_EQ(conf.idle_reclaim.after.count(), 0);
  EXPECT_EQ(conf.idle_reclaim.interval, minutes(10));
  EXPECT_EQ(conf.idle_enis.min, 0);
  EXPECT_EQ(conf.idle_enis.max, 0);
  EXPECT_EQ(conf.idle_enis.reclaim_after, minutes(10));
  EXPECT_TRUE(conf.advertise_enis);
  EXPECT_THAT(conf.notices, IsEmpty());
}

TEST(EniConf, IdleEnisAreBounded) {
  const EniConf both =
      conf_of({{"min_idle_eni", "1"}, {"max_idle_eni", 2}, {"idle_eni_reclaim_after", "1h"}});
  EXPECT_EQ(both.idle_enis.min, 1);
  EXPECT_EQ(both.idle_enis.max, 2);
  EXPECT_EQ(both.idle_enis.reclaim_after, minutes(60));
  EXPECT_EQ(conf_of({{"min_idle_eni", 3}}).idle_enis.max, 3) << "without an upper one";
  EXPECT_THAT(said_of({{"min_idle_eni", 3}, {"max_idle_eni", 2}}),
              HasSubstr("min_idle_eni: 3 is more than max_idle_eni (2)"));
}

// As the ConfigMap of an ACK cluster has it.
TEST(EniConf, AFileOfATerwayClusterIsTaken) {
  const EniConf conf = conf_of(json::parse(R"({
    "version": "1",
    "max_pool_size": 5,
    "min_pool_size": 0,
    "credential_path": "/var/addon/token-config",
    "vswitches": {"cn-hangzhou-i": ["vsw-bp1a", "vsw-bp1b"], "cn-hangzhou-h": ["vsw-bp1c"]},
    "eni_tags": {"ack.aliyun.com": "c123"},
    "service_cidr": "172.21.0.0/20,fd00:21::/112",
    "security_group": "sg-bp1a",
    "vswitch_selection_policy": "ordered",
    "ip_stack": "dual",
    "enable_eni_trunking": false,
    "enable_patch_pod_ips": false,
    "ipam_type": ""
  })"));
  EXPECT_EQ(conf.credential_path, "/var/addon/token-config");
  EXPECT_THAT(conf.vswitches,
              ElementsAre(Pair("cn-hangzhou-h", ElementsAre("vsw-bp1c")),
                          Pair("cn-hangzhou-i", ElementsAre("vsw-bp1a", "vsw-bp1b"))));
  EXPECT_THAT(conf.eni_tags, ElementsAre(Pair("ack.aliyun.com", "c123")));
  ASSERT_EQ(conf.service_cidrs.size(), 2U);
  EXPECT_EQ(conf.service_cidrs[1].to_string(), "fd00:21::/112");
  EXPECT_THAT(conf.security_groups, ElementsAre("sg-bp1a"));
  EXPECT_EQ(conf.vswitch_policy, VSwitchPolicy::kOrdered);
  EXPECT_EQ(conf.ip_stack, IpStack::kDual);
  EXPECT_THAT(conf.notices, ElementsAre(HasSubstr("\"most\" here")));
}

TEST(EniConf, EveryKeyThatWorksIsExposed) {
  const EniConf conf = conf_of(json::parse(R"({
    "version": 1, "region_id": "cn-hangzhou",
    "access_key": "LTAI1", "access_secret": "s1",
    "security_groups": ["sg-a", "sg-b"], "security_group": "sg-b",
    "resource_group_id": "rg-1", "prefix": "eni-prod",
    "max_pool_size": "20", "min_pool_size": "10", "ip_warm_up_size": 4,
    "idle_ip_reclaim_after": "1h30m", "idle_ip_reclaim_batch_size": 3,
    "idle_ip_reclaim_interval": "5m", "idle_ip_reclaim_jitter_factor": "0.2",
    "ip_pool_sync_period": "90s",
    "min_eni": 1, "max_eni": 3, "eni_cap_ratio": 0.5, "eni_cap_shift": "-1",
    "max_ips_per_eni": "12",
    "vswitch_selection_policy": "most", "eni_selection_policy": "least_ips",
    "enable_ip_prefix": "true", "ipv4_prefix_count": 2, "ipv6_prefix_count": 1, "ip_stack": "dual",
    "disable_device_plugin": true,
    "rate_limit": {"AttachNetworkInterface": 100, "DescribeVSwitches": "30"},
    "hot_plug": "true"
  })"));
  EXPECT_EQ(conf.region, "cn-hangzhou");
  EXPECT_EQ(conf.credentials, (Credentials{"LTAI1", "s1", "", {}}));
  EXPECT_THAT(conf.security_groups, ElementsAre("sg-a", "sg-b"));
  EXPECT_EQ(conf.resource_group, "rg-1");
  EXPECT_EQ(conf.eni_name_prefix, "eni-prod");
  EXPECT_EQ(conf.max_pool_size, 20);
  EXPECT_EQ(conf.min_pool_size, 10);
  EXPECT_EQ(conf.warm_up_size, 4);
  EXPECT_EQ(conf.idle_reclaim.after, minutes(90));
  EXPECT_EQ(conf.idle_reclaim.batch_size, 3);
  EXPECT_EQ(conf.idle_reclaim.interval, minutes(5));
  EXPECT_DOUBLE_EQ(conf.idle_reclaim.jitter, 0.2);
  EXPECT_EQ(conf.pool_sync_period, seconds(90));
  EXPECT_EQ(conf.min_enis, 1);
  EXPECT_EQ(conf.max_enis, 3);
  EXPECT_EQ(conf.max_ips_per_eni, 12);
  EXPECT_DOUBLE_EQ(conf.eni_cap_ratio, 0.5);
  EXPECT_EQ(conf.eni_cap_shift, -1);
  EXPECT_EQ(conf.vswitch_policy, VSwitchPolicy::kMost);
  EXPECT_EQ(conf.eni_policy, EniPolicy::kLeastIps);
  EXPECT_TRUE(conf.use_prefixes);
  EXPECT_EQ(conf.ipv4_prefixes, 2);
  EXPECT_EQ(conf.ipv6_prefixes, 1);
  EXPECT_FALSE(conf.advertise_enis);
  EXPECT_THAT(conf.rate_limits,
              ElementsAre(Pair("AttachNetworkInterface", 100), Pair("DescribeVSwitches", 30)));
}

TEST(EniConf, WhatIsNotDoneIsRefusedByNameWithTheReason) {
  const std::vector<std::pair<json, std::string>> refused{
      {{{"enable_eip_pool", "true"}}, "enable_eip_pool: not supported: elastic IPs"},
      {{{"enable_eip_migrate", true}}, "enable_eip_migrate: not supported: elastic IPs"},
      {{{"allow_eip_rob", "true"}}, "allow_eip_rob: not supported: elastic IPs"},
      {{{"eip_pool_size", 3}}, "eip_pool_size: not supported: elastic IPs"},
      {{{"enable_eni_trunking", true}}, "enable_eni_trunking: not supported: trunk and member"},
      {{{"enable_erdma", true}}, "enable_erdma: not supported: ERDMA"},
      {{{"ipam_type", "crd"}}, "ipam_type: not supported: addresses are kept on the node"},
      {{{"ip_stack", "ipv6"}}, "ip_stack: not supported: an ENI always has an IPv4 address"},
      {{{"custom_stateful_workload_kinds", {"Foo"}}}, "custom_stateful_workload_kinds: not supp"},
      {{{"eni_tag_filter", {{"a", "b"}}}}, "eni_tag_filter: not supported: only ENIs that Catena"},
      {{{"eni_tag_block_list", {{"a", "b"}}}}, "eni_tag_block_list: not supported: only ENIs"},
      {{{"backoff_override", {{"eni_create", {{"Steps", 4}}}}}}, "backoff_override: not supported"},
      {{{"extra_routes", {{{"dst", "10.0.0.0/8"}}}}}, "extra_routes: not supported"},
      {{{"kube_client_qps", 10}}, "kube_client_qps: not supported"},
      {{{"kube_client_burst", 10}}, "kube_client_burst: not supported"},
      {{{"enable_patch_pod_ips", true}}, "enable_patch_pod_ips: not supported"},
      {{{"hot_plug", "false"}}, "hot_plug: not supported: ENIs are attached when pods need them"},
  };
  for (const auto& [file, begin] : refused) {
    EXPECT_THAT(said_of(file), StartsWith(begin));
    EXPECT_THAT(said_of(file), HasSubstr("remove the key"));
  }
  EXPECT_THAT(said_of({{"enable_erdma", true}, {"kube_client_qps", 1.5}}),
              testing::AllOf(HasSubstr("enable_erdma: "), HasSubstr("; kube_client_qps: "),
                             HasSubstr("remove these keys")));
}

TEST(EniConf, WhatIsNotDoneMayBeThereWhenItIsOff) {
  EXPECT_EQ(said_of({{"enable_eip_pool", "false"},
                     {"allow_eip_rob", ""},
                     {"eip_pool_size", 0},
                     {"enable_erdma", false},
                     {"ipam_type", "default"},
                     {"custom_stateful_workload_kinds", json::array()},
                     {"backoff_override", json::object()},
                     {"kube_client_qps", 0.0},
                     {"extra_routes", nullptr}}),
            "ok");
}

TEST(EniConf, AnUnknownKeyIsAnErrorWithTheOneThatWasMeant) {
  EXPECT_EQ(said_of({{"max_pool_sise", 5}}),
            "unknown key \"max_pool_sise\"; did you mean \"max_pool_size\"?");
  EXPECT_THAT(said_of({{"vswitch", json::object()}}), StartsWith("unknown key \"vswitch\""));
  EXPECT_EQ(said_of({{"rate_limit", {{"AttachNetworkInterfaces", 5}}}}),
            "unknown key \"rate_limit.AttachNetworkInterfaces\"; did you mean "
            "\"rate_limit.AttachNetworkInterface\"?");
}

TEST(EniConf, BadValuesNameKeyAndExpectation) {
  const std::vector<std::pair<json, std::string>> bad{
      {{{"max_pool_size", "many"}}, "max_pool_size: expected a whole number from 0 to 4096, got"},
      {{{"max_pool_size", -1}}, "max_pool_size: expected a whole number from 0 to 4096, got -1"},
      {{{"min_pool_size", 1.5}}, "min_pool_size: expected a whole number"},
      {{{"region_id", "cn hangzhou"}}, "region_id: expected an id like \"cn-hangzhou\""},
      {{{"credential_path", "token"}}, "credential_path: expected an absolute path"},
      {{{"service_cidr", "10.96.0.1/12"}}, "service_cidr: expected networks without host bits"},
      {{{"service_cidr", "10.96.0.0/12,"}}, "service_cidr: expected networks without host bits"},
      {{{"service_cidr", {"10.96.0.0/12"}}}, "service_cidr: expected a string, got a list"},
      {{{"vswitches", {"vsw-1"}}}, "vswitches: expected an object, got a list"},
      {{{"vswitches", {{"z", "vsw-1"}}}}, "vswitches.z: expected a list"},
      {{{"vswitches", {{"z", json::array()}}}}, "vswitches.z: expected ids of vSwitches by zone"},
      {{{"vswitches", {{"z", {"vsw 1"}}}}}, "vswitches.z: expected ids of vSwitches by zone"},
      {{{"vswitches", {{"y", {"vsw-1"}}, {"z", {"vsw-1"}}}}}, "vswitches.z: \"vsw-1\" is named"},
      {{{"security_groups", {"sg-1", ""}}}, "security_groups: expected ids of security groups"},
      {{{"security_group", "sg 1"}}, "security_group: expected ids of security groups"},
      {{{"eni_tags", {{"acs:x", "1"}}}}, "eni_tags.acs:x: expected a key that does not begin"},
      {{{"eni_tags", {{"x", "http://y"}}}}, "eni_tags.x: expected key and value without http://"},
      {{{"eni_tags", {{"x", std::string(129, 'v')}}}}, "eni_tags.x: expected key and value of 128"},
      {{{"eni_tags", {{"x", 1}}}}, "eni_tags.x: expected a string, got 1"},
      {{{"prefix", "1eni"}}, "prefix: expected a letter"},
      {{{"vswitch_selection_policy", "rondom"}},
       "vswitch_selection_policy: expected one of \"random\", \"ordered\", \"most\", got"},
      {{{"eni_selection_policy", "all"}}, "eni_selection_policy: expected one of"},
      {{{"ip_stack", "v4"}}, "ip_stack: expected one of \"ipv4\", \"dual\", got \"v4\""},
      {{{"ipam_type", "other"}}, "ipam_type: expected \"default\""},
      {{{"ip_pool_sync_period", "2 minutes"}}, "ip_pool_sync_period: expected a duration like"},
      {{{"ip_pool_sync_period", "120"}}, "ip_pool_sync_period: expected a duration like"},
      {{{"ip_pool_sync_period", "1ms"}}, "ip_pool_sync_period: expected a duration like"},
      {{{"eni_cap_ratio", 0}}, "eni_cap_ratio: expected a number above 0, at most 1, got 0"},
      {{{"eni_cap_ratio", "x"}}, "eni_cap_ratio: expected a number above 0, at most 1"},
      {{{"disable_device_plugin", "yes"}}, "disable_device_plugin: expected true or false"},
      {{{"rate_limit", {{"DescribeVSwitches", 0}}}}, "rate_limit.DescribeVSwitches: expected a"},
      {{{"ipv6_prefix_count", 2}}, "ipv6_prefix_count: expected a whole number from 0 to 1"},
      {{{"version", 2}}, "version: expected a whole number from 1 to 1, got 2"},
  };
  for (const auto& [file, begin] : bad) {
    EXPECT_THAT(said_of(file), StartsWith(begin)) << file;
  }
}

TEST(EniConf, CombinationsThatCannotBeMeantAreRefused) {
  EXPECT_EQ(said_of({{"min_pool_size", 6}, {"max_pool_size", 5}}),
            "min_pool_size: 6 is more than max_pool_size (5)");
  EXPECT_EQ(conf_of({{"min_pool_size", 6}}).max_pool_size, 6);
  EXPECT_EQ(said_of({{"min_eni", 4}, {"max_eni", 3}}), "min_eni: 4 is more than max_eni (3)");
  EXPECT_EQ(conf_of({{"min_eni", 4}}).max_enis, 0);
  EXPECT_EQ(said_of({{"ipv4_prefix_count", 1}}), "ipv4_prefix_count: needs enable_ip_prefix");
  EXPECT_EQ(said_of({{"enable_ip_prefix", true}, {"ipv6_prefix_count", 1}}),
            "ipv6_prefix_count: needs ip_stack \"dual\"");
  json groups = json::array();
  for (int i = 0; i < 10; ++i) {
    groups.push_back("sg-" + std::to_string(i));
  }
  EXPECT_EQ(said_of({{"security_groups", groups}, {"security_group", "sg-9"}}), "ok");
  EXPECT_THAT(said_of({{"security_groups", groups}, {"security_group", "sg-10"}}),
              StartsWith("security_groups: an ENI is in 10 security groups at most, got 11"));
  json tags = json::object();
  for (int i = 0; i < 18; ++i) {
    tags["tag-" + std::to_string(i)] = "v";
  }
  EXPECT_EQ(said_of({{"eni_tags", tags}}), "eni_tags: 17 tags at most, got 18");
}

TEST(EniConf, KeysGoTogetherAndAreNeverShown) {
  EXPECT_EQ(said_of({{"access_key", "LTAI1"}, {"access_secret", ""}}),
            "access_secret: empty or missing, but access_key is set; set both, or neither to use "
            "the instance's RAM role");
  EXPECT_THAT(said_of({{"access_secret", "hidden"}}),
              testing::AllOf(StartsWith("access_key: empty or missing"), Not(HasSubstr("hidden"))));
  EXPECT_THAT(
      said_of({{"access_key", "LTAI1"}, {"access_secret", 123456}}),
      testing::AllOf(StartsWith("access_secret: expected a string"), Not(HasSubstr("123456"))));
  EXPECT_THAT(said_of({{"access_key", "LTAI1"}, {"access_secret", "hidden secret"}}),
              testing::AllOf(HasSubstr("holds white space"), Not(HasSubstr("hidden"))));
  EXPECT_FALSE(conf_of({{"access_key", ""}, {"access_secret", ""}}).credentials);
  EXPECT_THAT(conf_of({{"access_key", "LTAI1"},
                       {"access_secret", "s"},
                       {"credential_path", "/var/addon/token-config"}})
                  .notices,
              ElementsAre("credential_path is not used: access_key comes first"));
}

TEST(EniConf, WhatIsNoJsonIsToldByPlaceAlone) {
  const auto cut = parse_eni_conf("{\n\"access_secret\": \"hidden");
  ASSERT_FALSE(cut.ok());
  EXPECT_TRUE(cut.error().is(ErrorKind::kUndecodable));
  EXPECT_THAT(cut.error().message(), StartsWith("not JSON (at line 2, column "));
  EXPECT_THAT(cut.error().text(), Not(HasSubstr("hidden")));
  EXPECT_FALSE(parse_eni_conf("[]").ok());
  EXPECT_FALSE(parse_eni_conf("").ok());
}

TEST(EniConf, ThingsThatDoNothingAreNoticed) {
  EXPECT_THAT(conf_of({{"version", "2"}}).notices,
              ElementsAre("version \"2\" is read as version 1"));
  EXPECT_THAT(conf_of({{"idle_ip_reclaim_batch_size", 3}}).notices,
              ElementsAre(HasSubstr("without idle_ip_reclaim_after")));
}

TEST(EniConfFile, PermissionsThatLetOthersReadASecretAreNoticed) {
  const test::TempDir dir;
  const std::string path = dir.path() + "/eni.json";
  const std::string with_secret = R"({"access_key":"LTAI1","access_secret":"s1"})";
  test::write_file(path, with_secret, 0600);
  EXPECT_THAT(read_eni_conf(path)->notices, IsEmpty());
  for (const auto& [mode, text] : {std::pair{0640U, "0640"}, {0644U, "0644"}, {0602U, "0602"}}) {
    test::write_file(path, with_secret, mode);
    EXPECT_THAT(read_eni_conf(path)->notices,
                ElementsAre(path +
                            " holds access_secret, but others than its owner can reach it "
                            "(mode " +
                            text + "): chmod 600"));
  }
  test::write_file(path, "{}", 0644);
  EXPECT_THAT(read_eni_conf(path)->notices, IsEmpty());
}

TEST(EniConfFile, ErrorsNameTheFile) {
  const test::TempDir dir;
  const std::string path = dir.path() + "/eni.json";
  EXPECT_TRUE(read_eni_conf(path).error().is(ErrorKind::kNotFound));
  EXPECT_THAT(read_eni_conf(path).error().message(), HasSubstr(path));
  test::write_file(path, R"({"max_eni": -1})");
  EXPECT_THAT(read_eni_conf(path).error().message(), StartsWith(path + ": max_eni: expected"));
}

}  // namespace
}  // namespace catena::cloud
