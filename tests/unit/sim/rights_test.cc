#include "tests/unit/sim/gate_fixture.h"

namespace catena::sim {
namespace {

using nlohmann::json;

struct Rights : GateTest {
  SignedCall as_user(const std::string& id, const std::string& action,
                     Parameters parameters = {{"RegionId", "cn-hangzhou"}}) const {
    SignedCall call = call_of(action, std::move(parameters));
    call.key_id = id;
    call.secret = "secret of " + id;
    return call;
  }
};

TEST_F(Rights, TheAccountsOwnKeyMayDoAnything) {
  EXPECT_EQ(verdict(call_of("CreateNetworkInterface", new_eni())), "200");
}

TEST_F(Rights, ARefusalSaysWhoMayNotDoWhat) {
  add_user("LTAIpoor", RamPolicy{{"ecs:Describe*"}, {}, {}});
  EXPECT_EQ(verdict(as_user("LTAIpoor", "DescribeInstances")), "200");
  const json error = answer(as_user("LTAIpoor", "CreateNetworkInterface", new_eni()));
  EXPECT_EQ(error["Code"], "Forbidden.RAM");
  const json& detail = error["AccessDeniedDetail"];
  EXPECT_EQ(detail["AuthAction"], "ecs:CreateNetworkInterface");
  EXPECT_EQ(detail["AuthPrincipalType"], "SubUser");
  EXPECT_EQ(detail["AuthPrincipalDisplayName"], "user-LTAIpoor");
  EXPECT_EQ(detail["AuthPrincipalOwnerId"], world->scene().account);
  EXPECT_EQ(detail["NoPermissionType"], "ImplicitDeny");
  EXPECT_EQ(detail["PolicyType"], "AccountLevelIdentityBasedPolicy");
  EXPECT_EQ(secondary_enis(), 0U);
}

TEST_F(Rights, DenyWins) {
  add_user("LTAIdenied", RamPolicy{{"*"}, {"ecs:CreateNetworkInterface"}, {}});
  const json error = answer(as_user("LTAIdenied", "CreateNetworkInterface", new_eni()));
  EXPECT_EQ(error["AccessDeniedDetail"]["NoPermissionType"], "ExplicitDeny");
  EXPECT_EQ(verdict(as_user("LTAIdenied", "DescribeInstances")), "200");
}

TEST_F(Rights, TheDocumentedPolicyCoversWhatItLists) {
  add_user("LTAIdoc", RamPolicy::documented());
  EXPECT_EQ(verdict(as_user("LTAIdoc", "CreateNetworkInterface", new_eni())), "200");
  SignedCall routes = as_user("LTAIdoc", "DescribeRouteTableList");
  routes.version = "2016-04-28";
  EXPECT_EQ(verdict(routes), "400 InvalidVersion");  // the host is that of ECS
  routes.host = "vpc.cn-hangzhou.aliyuncs.com";
  routes.nonce.clear();
  EXPECT_EQ(verdict(routes), "200");
  EXPECT_EQ(verdict(as_user("LTAIdoc", "AssignIpv6Addresses")), "403 Forbidden.RAM");
}

TEST_F(Rights, AListCanBeEmptyForLackOfRights) {
  EXPECT_EQ(verdict(call_of("CreateNetworkInterface", new_eni())), "200");
  RamPolicy blind = RamPolicy::everything();
  blind.hidden = {"ecs:DescribeInstances", "ecs:DescribeNetworkInterfaces"};
  add_user("LTAIblind", blind);
  EXPECT_TRUE(answer(as_user("LTAIblind", "DescribeInstances"))["Instances"]["Instance"].empty());
  const json enis = answer(as_user("LTAIblind", "DescribeNetworkInterfaces"));
  EXPECT_EQ(enis["NetworkInterfaceSets"]["NetworkInterfaceSet"], json::array());
}

TEST_F(Rights, AnotherRegionIsRefused) {
  EXPECT_EQ(verdict(call_of("DescribeInstances", {{"RegionId", "cn-shanghai"}})),
            "404 InvalidRegionId.NotFound");
}

TEST(RamPolicy, PatternsAreMatchedWithoutRegardToCase) {
  const RamPolicy policy{{"ecs:*NetworkInterface*", "VPC:describevpcs"}, {"*:Delete*"}, {}};
  using Verdict = RamPolicy::Verdict;
  EXPECT_EQ(policy.verdict("ecs:CreateNetworkInterface"), Verdict::kAllowed);
  EXPECT_EQ(policy.verdict("ecs:DescribeNetworkInterfaceAttribute"), Verdict::kAllowed);
  EXPECT_EQ(policy.verdict("vpc:DescribeVpcs"), Verdict::kAllowed);
  EXPECT_EQ(policy.verdict("ecs:DeleteNetworkInterface"), Verdict::kExplicitDeny);
  EXPECT_EQ(policy.verdict("ecs:DescribeInstances"), Verdict::kImplicitDeny);
}

TEST(RamPolicy, ADocumentIsReadStrictly) {
  const auto parsed = [](const char* text) { return RamPolicy::parse(json::parse(text)); };
  const auto policy = parsed(R"({"Version":"1","Statement":[
      {"Action":["ecs:DescribeInstances"],"Resource":["*"],"Effect":"Allow"},
      {"Action":"vpc:*","Resource":"*","Effect":"Deny"}]})");
  ASSERT_TRUE(policy.ok()) << policy.error().text();
  EXPECT_EQ(policy->allow, std::vector<std::string>{"ecs:DescribeInstances"});
  EXPECT_EQ(policy->deny, std::vector<std::string>{"vpc:*"});
  EXPECT_FALSE(parsed(R"({"Statement":[{"Action":"*","Resource":"acs:ecs:*:*:eni/eni-1",
                          "Effect":"Allow"}]})")
                   .ok());
  EXPECT_FALSE(parsed(R"({"Statement":[{"Action":"*","Resource":"*","Effect":"Allow",
                          "Condition":{}}]})")
                   .ok());
  EXPECT_FALSE(parsed(R"({"Statement":[{"Resource":"*","Effect":"Allow"}]})").ok());
  EXPECT_FALSE(parsed(R"({})").ok());
  EXPECT_FALSE(parsed(R"([])").ok());
}

}  // namespace
}  // namespace catena::sim
