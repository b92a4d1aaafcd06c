// route.ensure and route.remove.
#include "common/cloud/vpc.h"
#include "tests/unit/agent/agent_fixture.h"

namespace catena::agent {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

class RoutesTest : public AgentTest {
 protected:
  using AgentTest::AgentTest;
  std::string ensure(const std::string& cidr = "172.30.1.0/24", const std::string& table = {}) {
    Duty now = duty();
    const auto done =
        ensure_route(now, {.cidr = base::Prefix::parse(cidr).value(), .table = table});
    notices_ = now.take_notices();
    return text_of(done);
  }
  std::string remove(const std::string& cidr = "172.30.1.0/24") {
    Duty now = duty();
    const auto done = remove_route(now, {.cidr = base::Prefix::parse(cidr).value(), .table = {}});
    notices_ = now.take_notices();
    return text_of(done);
  }
  bool has_record(const std::string& cidr = "172.30.1.0/24") {
    return store_.has_route(base::Prefix::parse(cidr).value()).value();
  }
  std::vector<std::string> notices_;
};

TEST_F(RoutesTest, TheEntryIsMadeOnceAndWrittenDown) {
  EXPECT_EQ(ensure(), "done");
  EXPECT_EQ(ensure(), "done");
  ASSERT_THAT(routes(), SizeIs(1));
  EXPECT_EQ(routes()[0]["nextHop"], instance());
  EXPECT_EQ(calls("CreateRouteEntry"), 1U);
  EXPECT_TRUE(has_record());
  EXPECT_EQ(known().routes[0].entry, routes()[0]["id"]);
  EXPECT_THAT(known().intents, SizeIs(0));
}

TEST_F(RoutesTest, Ipv6IsTheSame) {
  EXPECT_EQ(ensure("fd00:30:1::/64"), "done");
  EXPECT_TRUE(has_record("fd00:30:1::/64"));
  EXPECT_EQ(remove("fd00:30:1::/64"), "done");
  EXPECT_THAT(routes(), SizeIs(0));
}

TEST_F(RoutesTest, AnEntryThatLeadsToALivingInstanceIsAnErrorThatNamesIt) {
  console({{"do", "add_route"}, {"destination", "172.30.1.0/24"}, {"nextHop", other_instance()}});
  const std::string said = ensure();
  EXPECT_THAT(said, HasSubstr("leads to Instance " + other_instance()));
  EXPECT_THAT(said, HasSubstr("a podCIDR of its own"));
  EXPECT_EQ(routes()[0]["nextHop"], other_instance());
  EXPECT_FALSE(has_record());
  EXPECT_THAT(known().intents, SizeIs(0));
}

TEST_F(RoutesTest, AnEntryOfAnInstanceThatIsGoneIsReplaced) {
  console({{"do", "add_route"}, {"destination", "172.30.1.0/24"}, {"nextHop", other_instance()}});
  console({{"do", "terminate_instance"}, {"instance", other_instance()}});
  EXPECT_EQ(ensure(), "done");
  ASSERT_THAT(routes(), SizeIs(1));
  EXPECT_EQ(routes()[0]["nextHop"], instance());
  EXPECT_THAT(notices_, testing::ElementsAre(HasSubstr("does not exist any more: replaced")));
}

TEST_F(RoutesTest, AnotherPodCidrsEntryDoesNotMatter) {
  console({{"do", "add_route"}, {"destination", "172.30.2.0/24"}, {"nextHop", other_instance()}});
  EXPECT_EQ(ensure(), "done");
  EXPECT_THAT(routes(), SizeIs(2));
}

TEST_F(RoutesTest, AFullTableIsAClearError) {
  refuse("CreateRouteEntry", 400, "QuotaExceeded");
  const std::string said = ensure();
  EXPECT_THAT(said, HasSubstr("QuotaExceeded"));
  EXPECT_THAT(known().intents, SizeIs(0));
  EXPECT_EQ(ensure(), "done") << "when there is room again";
}

TEST_F(RoutesTest, ABusyVpcIsWaitedFor) {
  refuse("CreateRouteEntry", 400, "TaskConflict", 2);
  refuse("CreateRouteEntry", 400, "IncorrectRouteEntryStatus", 1);
  EXPECT_EQ(ensure(), "done");
  EXPECT_EQ(calls("CreateRouteEntry"), 4U);
}

TEST_F(RoutesTest, ALostAnswerMakesNoSecondEntry) {
  lose_answers("CreateRouteEntry");
  EXPECT_EQ(ensure(), "done");
  EXPECT_THAT(routes(), SizeIs(1));
}

TEST_F(RoutesTest, PastTheDeadlineTheIntentStaysAndRecoverFinishesIt) {
  refuse("CreateRouteEntry", 400, "TaskConflict", -1);
  EXPECT_THAT(ensure(), HasSubstr("the last answer was: "));
  EXPECT_THAT(known().intents, SizeIs(1));
  cloud_.gateway().faults().clear();
  Duty now = duty();
  ASSERT_TRUE(recover(now).ok());
  EXPECT_THAT(known().intents, SizeIs(0));
  EXPECT_TRUE(has_record());
}

TEST_F(RoutesTest, AnUnknownTableIsNamed) {
  EXPECT_THAT(ensure("172.30.1.0/24", "vtb-nowhere"), HasSubstr("InvalidRouteTable"));
}

TEST_F(RoutesTest, RemovingLeavesWhatLeadsElsewhere) {
  console({{"do", "add_route"}, {"destination", "172.30.1.0/24"}, {"nextHop", other_instance()}});
  EXPECT_EQ(remove(), "done");
  EXPECT_THAT(routes(), SizeIs(1));
  EXPECT_THAT(notices_, testing::ElementsAre(HasSubstr("it stays")));
}

TEST_F(RoutesTest, RemovingWhatIsNotThereIsDone) {
  EXPECT_EQ(remove(), "done");
  EXPECT_EQ(ensure(), "done");
  EXPECT_EQ(remove(), "done");
  EXPECT_FALSE(has_record());
  EXPECT_THAT(known().routes, SizeIs(0));
}

class SeveralTables : public RoutesTest {
 protected:
  SeveralTables() : RoutesTest(scene_with_tables()) {}
  static sim::Scene scene_with_tables() {
    sim::Scene scene = instant_scene();
    scene.vpcs.front().custom_tables = {"vtb-second"};
    return scene;
  }
};

TEST_F(SeveralTables, OneHasToBeNamed) {
  EXPECT_THAT(ensure(), HasSubstr("has 2 route tables"));
  EXPECT_EQ(ensure("172.30.1.0/24", "vtb-second"), "done");
  EXPECT_EQ(routes()[0]["table"], "vtb-second");
}

}  // namespace
}  // namespace catena::agent
