#include "tests/unit/sim/gate_fixture.h"

namespace catena::sim {
namespace {

using testing::HasSubstr;
using When = Fault::When;
using What = Fault::What;

struct FaultsOnOrder : GateTest {
  Answer create() {
    return gateway.handle(rpc_request(call_of("CreateNetworkInterface", new_eni())));
  }

  void order(When when, What what, int count = 1) {
    Fault fault;
    fault.action = "CreateNetworkInterface";
    fault.when = when;
    fault.what = what;
    fault.count = count;
    gateway.faults().add(fault);
  }
};

TEST_F(FaultsOnOrder, AnErrorBeforeLeavesTheActionUndone) {
  order(When::kBefore, What::kError);
  EXPECT_EQ(verdict_of(create()), "500 InternalError");
  EXPECT_EQ(secondary_enis(), 0U);
  EXPECT_EQ(verdict_of(create()), "200");  // it was ordered once
}

TEST_F(FaultsOnOrder, AnErrorAfterwardsHidesThatItWasDone) {
  Fault fault;
  fault.when = When::kAfter;
  fault.status = 503;
  fault.code = "ServiceUnavailable";
  fault.message = "Later.";
  gateway.faults().add(fault);
  EXPECT_EQ(verdict_of(create()), "503 ServiceUnavailable");
  EXPECT_EQ(secondary_enis(), 1U);
  const CallCount& count = gateway.counts().at("CreateNetworkInterface");
  EXPECT_EQ(count.carried_out, 1U);
  EXPECT_EQ(count.answered, 0U);
  EXPECT_EQ(count.refused.at("ServiceUnavailable"), 1U);
}

TEST_F(FaultsOnOrder, AnAnswerIsLostBeforeOrAfterTheAction) {
  order(When::kBefore, What::kLost);
  EXPECT_EQ(create().fate, Answer::Fate::kLost);
  EXPECT_EQ(secondary_enis(), 0U);
  order(When::kAfter, What::kLost);
  const Answer lost = create();
  EXPECT_EQ(lost.fate, Answer::Fate::kLost);
  EXPECT_TRUE(lost.response.body.empty());
  EXPECT_EQ(secondary_enis(), 1U);
  EXPECT_EQ(gateway.counts().at("CreateNetworkInterface").answered, 0U);
}

TEST_F(FaultsOnOrder, ASlowAnswerIsTheRightOne) {
  Fault fault;
  fault.what = What::kSlow;
  fault.delay = std::chrono::seconds(25);
  gateway.faults().add(fault);
  const Answer slow = create();
  EXPECT_EQ(slow.delay, std::chrono::seconds(25));
  EXPECT_EQ(verdict_of(slow), "200");
}

TEST_F(FaultsOnOrder, AProxysPageIsNoAnswerOfTheApi) {
  for (const When when : {When::kBefore, When::kAfter}) {
    order(when, What::kHtml);
    const Answer answer = create();
    EXPECT_EQ(answer.response.status, 502);
    EXPECT_EQ(answer.response.header("Content-Type"), "text/html");
    EXPECT_THAT(answer.response.body, HasSubstr("<h1>502 Bad Gateway</h1>"));
  }
  EXPECT_EQ(secondary_enis(), 1U);
}

TEST_F(FaultsOnOrder, GarbageIsNeitherJsonNorXml) {
  order(When::kAfter, What::kGarbage);
  const Answer answer = create();
  EXPECT_EQ(answer.response.status, 200);
  EXPECT_TRUE(body_of(answer).is_discarded());
  EXPECT_EQ(answer.response.body.size(), 18U);
  EXPECT_EQ(secondary_enis(), 1U);
}

TEST_F(FaultsOnOrder, HalfABodyIsCut) {
  order(When::kAfter, What::kHalf);
  const Answer answer = create();
  EXPECT_EQ(answer.fate, Answer::Fate::kCut);
  EXPECT_THAT(answer.response.body, HasSubstr("NetworkInterfaceId"));
}

TEST_F(FaultsOnOrder, ARefusedConnectionWasNeverSeen) {
  order(When::kBefore, What::kRefused);
  SignedCall call = call_of("CreateNetworkInterface", new_eni());
  call.nonce = "same";
  EXPECT_EQ(gateway.handle(rpc_request(call)).fate, Answer::Fate::kRefused);
  EXPECT_EQ(verdict(call), "200");  // the nonce was not used up
}

TEST_F(FaultsOnOrder, OnlyCallsThatPassedTheGatewayUseUpAFault) {
  order(When::kBefore, What::kError);
  SignedCall call = call_of("CreateNetworkInterface", new_eni());
  call.secret = "wrong";
  EXPECT_EQ(verdict(call), "400 SignatureDoesNotMatch");
  EXPECT_EQ(verdict(call_of("DescribeInstances", {{"RegionId", "cn-hangzhou"}})), "200");
  EXPECT_EQ(verdict_of(create()), "500 InternalError");
}

TEST_F(FaultsOnOrder, CountsAndClearing) {
  order(When::kBefore, What::kError, 2);
  EXPECT_EQ(verdict_of(create()), "500 InternalError");
  EXPECT_EQ(verdict_of(create()), "500 InternalError");
  EXPECT_EQ(verdict_of(create()), "200");
  order(When::kBefore, What::kError, -1);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(verdict_of(create()), "500 InternalError");
  }
  gateway.faults().clear();
  EXPECT_EQ(verdict_of(create()), "200");
}

TEST(FaultProbability, IsKeptAndTheSameForTheSameSeed) {
  const auto hits = [](std::uint64_t seed) {
    Faults faults(seed);
    Fault fault;
    fault.count = -1;
    fault.probability = 0.3;
    faults.add(fault);
    std::vector<bool> drawn;
    for (int i = 0; i < 10'000; ++i) {
      drawn.push_back(faults.draw("A", Faults::Stage::kBefore).has_value());
    }
    return drawn;
  };
  const std::vector<bool> first = hits(7);
  const auto count = std::ranges::count(first, true);
  EXPECT_GT(count, 2800);
  EXPECT_LT(count, 3200);
  EXPECT_EQ(first, hits(7));
  EXPECT_NE(first, hits(8));
}

}  // namespace
}  // namespace catena::sim
