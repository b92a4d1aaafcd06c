#include "tests/unit/sim/gate_fixture.h"

namespace catena::sim {
namespace {

using nlohmann::json;
using After = ClientTokenOptions::AfterFailure;

struct ClientToken : GateTest {
  SignedCall create(const std::string& token, Parameters more = {}) const {
    Parameters parameters = new_eni();
    parameters.insert(parameters.end(), more.begin(), more.end());
    parameters.emplace_back("ClientToken", token);
    return call_of("CreateNetworkInterface", parameters);
  }
};

TEST_F(ClientToken, TheSameCallAgainGivesTheSameEni) {
  json first = answer(create("t-1"));
  json again = answer(create("t-1"));
  EXPECT_NE(first["RequestId"], again["RequestId"]);
  first.erase("RequestId");
  again.erase("RequestId");
  EXPECT_EQ(first, again);
  EXPECT_EQ(secondary_enis(), 1U);
  EXPECT_NE(answer(create("t-2"))["NetworkInterfaceId"], first["NetworkInterfaceId"]);
  EXPECT_EQ(secondary_enis(), 2U);
}

TEST_F(ClientToken, TokensAreCaseSensitiveAndPerAction) {
  EXPECT_EQ(verdict(create("t")), "200");
  EXPECT_EQ(verdict(create("T")), "200");
  EXPECT_EQ(secondary_enis(), 2U);
}

TEST_F(ClientToken, OtherParametersWithTheSameTokenAreRefused) {
  EXPECT_EQ(verdict(create("t-1")), "200");
  EXPECT_EQ(verdict(create("t-1", {{"NetworkInterfaceName", "another"}})),
            "400 IdempotentParameterMismatch");
  EXPECT_EQ(secondary_enis(), 1U);
}

TEST_F(ClientToken, ATokenWhoseCallStillRunsSaysSo) {
  Fault slow;
  slow.what = Fault::What::kSlow;
  slow.delay = std::chrono::seconds(30);
  gateway.faults().add(slow);
  EXPECT_EQ(verdict(create("t-1")), "200");
  EXPECT_EQ(verdict(create("t-1")), "403 LastTokenProcessing");
  world->advance(std::chrono::seconds(30));
  EXPECT_EQ(verdict(create("t-1")), "200");
  EXPECT_EQ(secondary_enis(), 1U);
}

TEST_F(ClientToken, AnErrorAfterTheActionIsHealedByTheToken) {
  Fault fault;
  fault.when = Fault::When::kAfter;
  gateway.faults().add(fault);
  EXPECT_EQ(verdict(create("t-1")), "500 InternalError");
  EXPECT_EQ(verdict(create("t-1")), "200");
  EXPECT_EQ(secondary_enis(), 1U);
  // Without a token it is done twice.
  gateway.faults().add(fault);
  EXPECT_EQ(verdict(call_of("CreateNetworkInterface", new_eni())), "500 InternalError");
  EXPECT_EQ(verdict(call_of("CreateNetworkInterface", new_eni())), "200");
  EXPECT_EQ(secondary_enis(), 3U);
}

TEST_F(ClientToken, WhatAFailedCallLeavesBehindIsConfigurable) {
  const auto failing = [&](const std::string& token) {
    Parameters parameters = new_eni();
    parameters[1].second = "vsw-none";
    parameters.emplace_back("ClientToken", token);
    return call_of("CreateNetworkInterface", parameters);
  };
  const std::string error = "404 InvalidVSwitchId.NotFound";
  for (const auto& [after, expected] :
       {std::pair(After::kRunAgain, error), std::pair(After::kSameError, error),
        std::pair(After::kIdempotentFailed, std::string("403 IdempotentFailed"))}) {
    gateway.client_tokens().options.after_failure = after;
    const std::string token = "t-" + std::to_string(static_cast<int>(after));
    EXPECT_EQ(verdict(failing(token)), error);
    EXPECT_EQ(verdict(failing(token)), expected);
  }
}

TEST_F(ClientToken, AfterItsRetentionATokenIsNew) {
  gateway.client_tokens().options.retention = std::chrono::minutes(10);
  EXPECT_EQ(verdict(create("t-1")), "200");
  world->advance(std::chrono::minutes(10) - std::chrono::milliseconds(1));
  EXPECT_EQ(verdict(create("t-1")), "200");
  EXPECT_EQ(secondary_enis(), 1U);
  world->advance(std::chrono::milliseconds(1));
  EXPECT_EQ(verdict(create("t-1")), "200");
  EXPECT_EQ(secondary_enis(), 2U);
  EXPECT_EQ(gateway.client_tokens().size(), 1U);
}

TEST_F(ClientToken, ATokenThatIsNoTokenIsRefused) {
  EXPECT_EQ(verdict(create(std::string(65, 'x'))), "400 InvalidParameter.ClientToken");
  EXPECT_EQ(verdict(create("\xe4\xb8\xad")), "400 InvalidParameter.ClientToken");
  EXPECT_EQ(verdict(create(std::string(64, 'x'))), "200");
}

TEST_F(ClientToken, AnActionWithoutTokensIgnoresOne) {
  const std::string eni = answer(create("t-1"))["NetworkInterfaceId"];
  const Parameters parameters = {
      {"RegionId", "cn-hangzhou"}, {"NetworkInterfaceId", eni}, {"ClientToken", "t-2"}};
  EXPECT_EQ(verdict(call_of("DeleteNetworkInterface", parameters)), "200");
  EXPECT_EQ(gateway.client_tokens().size(), 1U);
}

}  // namespace
}  // namespace catena::sim
