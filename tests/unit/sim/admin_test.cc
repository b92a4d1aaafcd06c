#include "sim/admin.h"

#include "tests/unit/sim/gate_fixture.h"

namespace catena::sim {
namespace {

using nlohmann::json;
using testing::HasSubstr;

struct Admin : GateTest {
  json order(const json& request) { return admin(*world, gateway, metadata, request); }
  std::string describe() {
    return verdict(call_of("DescribeInstances", {{"RegionId", "cn-hangzhou"}}));
  }
};

TEST_F(Admin, FaultsAreOrderedListedAndCleared) {
  EXPECT_EQ(order({{"do", "fault"},
                   {"action", "DescribeInstances"},
                   {"code", "ServiceUnavailable"},
                   {"count", 2}}),
            json::object());
  EXPECT_EQ(describe(), "503 ServiceUnavailable");
  const json faults = order({{"do", "faults"}})["faults"];
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults[0]["count"], 1);
  EXPECT_EQ(faults[0]["what"], "error");
  order({{"do", "clear_faults"}});
  EXPECT_EQ(describe(), "200");
}

TEST_F(Admin, CountsAreShownAndReset) {
  EXPECT_EQ(describe(), "200");
  EXPECT_EQ(order({{"do", "counts"}})["DescribeInstances"]["answered"], 1);
  order({{"do", "reset_counts"}});
  EXPECT_EQ(order({{"do", "counts"}}), json::object());
}

TEST_F(Admin, RatesRightsAndKeysAreChanged) {
  order({{"do", "set_rates"}, {"per_minute", {{"DescribeInstances", 1}}}});
  EXPECT_EQ(describe(), "200");
  EXPECT_EQ(describe(), "400 Throttling.User");
  order({{"do", "set_rates"}, {"per_minute", {{"DescribeInstances", 100}}}});
  order({{"do", "add_key"},
         {"id", "LTAInew"},
         {"secret", "s"},
         {"user", "u"},
         {"policy", "everything"}});
  SignedCall call = call_of("DescribeInstances", {{"RegionId", "cn-hangzhou"}});
  call.key_id = "LTAInew";
  call.secret = "s";
  EXPECT_EQ(verdict(call), "200");
  order({{"do", "set_policy"},
         {"key", "LTAInew"},
         {"policy", {{"Version", "1"}, {"Statement", json::array()}}}});
  EXPECT_EQ(verdict(call), "403 Forbidden.RAM");
  order({{"do", "change_key"}, {"id", "LTAInew"}, {"enabled", false}});
  EXPECT_EQ(verdict(call), "403 InvalidAccessKeyId.Inactive");
  order({{"do", "change_key"}, {"id", "LTAInew"}, {"removed", true}});
  EXPECT_EQ(verdict(call), "404 InvalidAccessKeyId.NotFound");
}

TEST_F(Admin, AnIssuedKeyFollowsItsRoleAndCanBeMadeToExpire) {
  const json key = order({{"do", "issue_key"},
                          {"role", "catena-node"},
                          {"seconds", 600},
                          {"keyring", "0123456789abcdef0123456789abcdef"}});
  SignedCall call = call_of("DescribeInstances", {{"RegionId", "cn-hangzhou"}});
  call.key_id = key["AccessKeyId"];
  call.secret = key["AccessKeySecret"];
  call.token = key["SecurityToken"];
  EXPECT_EQ(verdict(call), "200");
  EXPECT_EQ(json::parse(key["addon_token_file"].get<std::string>())["expiration"],
            key["Expiration"]);
  order(
      {{"do", "set_policy"}, {"role", "catena-node"}, {"policy", {{"Statement", json::array()}}}});
  EXPECT_EQ(verdict(call), "403 Forbidden.RAM");
  order({{"do", "change_key"}, {"id", call.key_id}, {"expired", true}});
  EXPECT_EQ(verdict(call), "400 InvalidSecurityToken.Expired");
}

TEST_F(Admin, RoleKeysAreRotatedOnOrder) {
  const std::string path = "/latest/meta-data/ram/security-credentials/catena-node";
  const auto shown = [&] { return metadata.answer(kInstance, "GET", path, {}).response.body; };
  const std::string first = shown();
  EXPECT_EQ(shown(), first);
  EXPECT_EQ(order({{"do", "set_rotation"}, {"now", true}, {"life_seconds", 60}})["life_seconds"],
            60);
  EXPECT_NE(shown(), first);
}

TEST_F(Admin, TimeIsMoved) {
  EXPECT_EQ(order({{"do", "now"}})["now"], "2026-01-02T03:04:05Z");
  EXPECT_EQ(order({{"do", "advance"}, {"ms", 60'000}})["now"], "2026-01-02T03:05:05Z");
}

TEST_F(Admin, TheMetadataServiceIsChanged) {
  order({{"do", "set_metadata"}, {"tokens", "required"}, {"delay_ms", 5}});
  const Answer answer = metadata.answer(kInstance, "GET", "/latest/meta-data/instance-id", {});
  EXPECT_EQ(answer.response.status, 403);
  EXPECT_EQ(answer.delay, std::chrono::milliseconds(5));
}

TEST_F(Admin, EverythingIsShown) {
  EXPECT_EQ(describe(), "200");
  const json all = order({{"do", "dump"}});
  EXPECT_TRUE(all["world"].is_object());
  EXPECT_EQ(all["counts"]["DescribeInstances"]["calls"], 1);
  EXPECT_EQ(all["keys"][0]["id"], "LTAI0000catenasimkey");
  EXPECT_FALSE(all.dump().find("catena-sim-secret") != std::string::npos);
  EXPECT_TRUE(order({{"do", "orphans"}})["orphans"].is_array());
}

TEST_F(Admin, WhatCannotBeDoneIsSaid) {
  const struct {
    json request;
    const char* problem;
  } cases[] = {
      {json::array(), "object"},
      {json::object(), "do"},
      {{{"do", "fault"}, {"actoin", "x"}}, "actoin"},
      {{{"do", "fault"}, {"what", "explode"}}, "explode"},
      {{{"do", "fault"}, {"probability", 2}}, "between 0 and 1"},
      {{{"do", "fault"}, {"count", 0}}, "count"},
      {{{"do", "now"}, {"x", 1}}, "x"},
      {{{"do", "advance"}}, "ms"},
      {{{"do", "set_policy"}, {"key", "none"}, {"policy", "everything"}}, "none"},
      {{{"do", "issue_key"}, {"role", "none"}}, "none"},
      {{{"do", "issue_key"}, {"role", "catena-node"}, {"keyring", "short"}}, "keyring"},
      {{{"do", "dance"}}, "dance"},
  };
  for (const auto& [request, problem] : cases) {
    const json answer = order(request);
    ASSERT_TRUE(answer.contains("error")) << request;
    EXPECT_THAT(answer["error"].get<std::string>(), HasSubstr(problem)) << request;
  }
}

TEST_F(Admin, ConsoleActionsReachTheWorld) {
  const std::string eni =
      answer(call_of("CreateNetworkInterface", new_eni()))["NetworkInterfaceId"];
  const json done = order({{"do", "delete_eni"}, {"eni", eni}});
  EXPECT_FALSE(done.contains("error")) << done;
  EXPECT_EQ(secondary_enis(), 0U);
}

}  // namespace
}  // namespace catena::sim
