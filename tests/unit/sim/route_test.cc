// Route entries: asynchronous, one at a time in a VPC, and what the cloud does not take.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sim/cloud_fixture.h"

namespace catena {
namespace {

using nlohmann::json;
using test::Cloud;
using test::instant_scene;
using test::node;
using test::Parameters;
using testing::ElementsAre;

class SimRoutes : public testing::Test {
 protected:
  static Parameters to(Cloud& cloud, const std::string& destination, const std::string& next_hop) {
    return {{"RouteTableId", cloud.table()},
            {"DestinationCidrBlock", destination},
            {"NextHopId", next_hop}};
  }
  static std::string created(Cloud& cloud, const std::string& destination,
                             const std::string& next_hop) {
    return cloud.ok("vpc/CreateRouteEntry", to(cloud, destination, next_hop))
        .value("RouteEntryId", "");
  }
  static std::string create_code(Cloud& cloud, const std::string& destination,
                                 const std::string& next_hop) {
    return cloud.code("vpc/CreateRouteEntry", to(cloud, destination, next_hop));
  }
  static json listed(Cloud& cloud, Parameters filters = {}) {
    filters["RouteTableId"] = cloud.table();
    filters["MaxResult"] = "100";
    return cloud.ok("vpc/DescribeRouteEntryList", filters)["RouteEntrys"]["RouteEntry"];
  }
};

TEST_F(SimRoutes, ArePendingThenAvailableThenDeletingThenGone) {
  sim::Scene scene = instant_scene(1);
  scene.delays.route_create = {sim::Millis{2000}, sim::Millis{2000}};
  scene.delays.route_delete = {sim::Millis{1000}, sim::Millis{1000}};
  Cloud cloud(scene);
  const std::string id = created(cloud, "10.1.0.0/24", node(1));
  EXPECT_EQ(id.substr(0, 4), "rte-");
  EXPECT_THAT(cloud.route_states(), ElementsAre("Pending"));
  EXPECT_EQ(cloud.code("vpc/DeleteRouteEntry", {{"RouteEntryId", id}}),
            "IncorrectRouteEntryStatus");
  const sim::Refusal refusal =
      cloud.refused("vpc/CreateRouteEntry", to(cloud, "10.2.0.0/24", node(1)));
  EXPECT_EQ(refusal.code, "IncorrectRouteEntryStatus");
  EXPECT_EQ(refusal.message, "Some route entry status blocked this operation.");
  cloud->advance(sim::Millis{2000});
  EXPECT_THAT(cloud.route_states(), ElementsAre("Available"));
  cloud.ok("vpc/DeleteRouteEntry", to(cloud, "10.1.0.0/24", node(1)));
  EXPECT_THAT(cloud.route_states(), ElementsAre("Deleting"));
  EXPECT_EQ(create_code(cloud, "10.1.0.0/24", node(1)), "IncorrectRouteEntryStatus");
  cloud->advance(sim::Millis{1000});
  EXPECT_TRUE(cloud.route_states().empty());
  EXPECT_EQ(cloud.code("vpc/DeleteRouteEntry", {{"RouteEntryId", id}}),
            "InvalidRouteEntry.NotFound");
}

TEST_F(SimRoutes, CallsInOneVpcDoNotOverlap) {
  sim::Scene scene = instant_scene(2);
  scene.delays.route_call = {sim::Millis{700}, sim::Millis{700}};
  Cloud cloud(scene);
  const std::string id = created(cloud, "10.1.0.0/24", node(1));
  EXPECT_EQ(cloud->answer_after(), sim::Millis{700});
  EXPECT_EQ(create_code(cloud, "10.2.0.0/24", node(2)), "TaskConflict");
  EXPECT_EQ(cloud.code("vpc/DeleteRouteEntry", {{"RouteEntryId", id}}), "TaskConflict");
  cloud->advance(sim::Millis{700});
  created(cloud, "10.2.0.0/24", node(2));
}

TEST_F(SimRoutes, TheSameDestinationTwiceIsADuplicate) {
  Cloud cloud(instant_scene(2));
  created(cloud, "10.1.0.0/24", node(1));
  cloud.settle();
  const sim::Refusal refusal =
      cloud.refused("vpc/CreateRouteEntry", to(cloud, "10.1.0.0/24", node(2)));
  EXPECT_EQ(refusal.status, 400);
  EXPECT_EQ(refusal.code, "InvalidCIDRBlock.Duplicate");
  EXPECT_EQ(refusal.message, "Specified CIDR block is already exists.");
}

TEST_F(SimRoutes, DestinationsThatTheVpcNeedsItselfAreRefused) {
  Cloud cloud(instant_scene(1));
  for (const char* destination :
       {"192.168.0.0/20", "192.168.1.0/24", "100.64.0.0/10", "100.100.2.0/24"}) {
    EXPECT_EQ(create_code(cloud, destination, node(1)), "InvalidCidrBlock") << destination;
  }
  for (const char* malformed : {"10.1.0.5/24", "10.1.0.0/33", "pods"}) {
    EXPECT_EQ(create_code(cloud, malformed, node(1)), "InvalidCidrBlock.Malformed") << malformed;
  }
  created(cloud, "192.168.0.0/16", node(1));  // contains vSwitches: allowed
}

TEST_F(SimRoutes, APlainAddressBecomesAHostRoute) {
  Cloud cloud(instant_scene(1));
  created(cloud, "10.9.9.9", node(1));
  cloud.settle();
  EXPECT_EQ(listed(cloud, {{"RouteEntryType", "Custom"}})[0]["DestinationCidrBlock"],
            "10.9.9.9/32");
}

TEST_F(SimRoutes, TheNextHopMustExistInTheVpc) {
  sim::Scene scene = instant_scene(1);
  sim::SceneVpc other;
  other.id = "vpc-other";
  other.cidr = base::Prefix::parse("172.16.0.0/12").value();
  other.custom_tables = {"vtb-custom"};
  scene.vpcs.push_back(other);
  Cloud cloud(scene);
  const sim::Refusal refusal =
      cloud.refused("vpc/CreateRouteEntry", to(cloud, "10.1.0.0/24", "i-none"));
  EXPECT_EQ(refusal.code, "IllegalParam.NextHopId");
  EXPECT_EQ(refusal.message, "Instance not exists or not vpc vm.");
  Parameters eni = to(cloud, "10.1.0.0/24", "eni-none");
  eni["NextHopType"] = "NetworkInterface";
  EXPECT_EQ(cloud.code("vpc/CreateRouteEntry", eni), "InvalidNextHopId.NotFound");
  eni["NextHopId"] = cloud.create_eni();
  cloud.ok("vpc/CreateRouteEntry", eni);
  Parameters elsewhere = to(cloud, "10.1.0.0/24", node(1));
  elsewhere["RouteTableId"] = "vtb-custom";
  EXPECT_EQ(cloud.code("vpc/CreateRouteEntry", elsewhere),
            "OperationFailed.InstanceDismatchCurrentVpc");
  elsewhere["RouteTableId"] = "vtb-none";
  EXPECT_EQ(cloud.refused("vpc/CreateRouteEntry", elsewhere).status, 404);
  EXPECT_EQ(cloud.code("vpc/CreateRouteEntry", elsewhere), "InvalidRouteTableId.NotFound");
}

TEST_F(SimRoutes, ATableHoldsTwoHundredCustomEntries) {
  Cloud cloud(instant_scene(1));
  for (int i = 0; i < 200; ++i) {
    created(cloud, "10.1." + std::to_string(i) + ".0/24", node(1));
    cloud->advance(sim::Millis{1});
  }
  const sim::Refusal refusal =
      cloud.refused("vpc/CreateRouteEntry", to(cloud, "10.2.0.0/24", node(1)));
  EXPECT_EQ(refusal.code, "QuotaExceeded");
  EXPECT_EQ(refusal.message, "Route entry quota exceeded in this route table.");
}

TEST_F(SimRoutes, DryRunChangesNothing) {
  Cloud cloud(instant_scene(1));
  Parameters parameters = to(cloud, "10.1.0.0/24", node(1));
  parameters["DryRun"] = "true";
  EXPECT_EQ(cloud.code("vpc/CreateRouteEntry", parameters), "DryRunOperation");
  EXPECT_TRUE(cloud.route_states().empty());
}

TEST_F(SimRoutes, SystemRoutesAreListedAndCannotBeDeleted) {
  Cloud cloud(instant_scene(1));
  const json system = listed(cloud, {{"RouteEntryType", "System"}});
  std::vector<std::string> destinations;
  for (const json& route : system) {
    destinations.push_back(route["DestinationCidrBlock"]);
  }
  EXPECT_THAT(destinations,
              testing::IsSupersetOf({"192.168.0.0/20", "192.168.16.0/20", "100.64.0.0/10"}));
  EXPECT_EQ(cloud.code("vpc/DeleteRouteEntry", {{"RouteEntryId", system[0]["RouteEntryId"]}}),
            "OperationDenied");
}

TEST_F(SimRoutes, DeleteByTripleNeedsTheRightNextHop) {
  Cloud cloud(instant_scene(2));
  created(cloud, "10.1.0.0/24", node(1));
  cloud.settle();
  EXPECT_EQ(cloud.code("vpc/DeleteRouteEntry", to(cloud, "10.1.0.0/24", node(2))),
            "InvalidRouteEntry.NotFound");
  EXPECT_EQ(cloud.code("vpc/DeleteRouteEntry", {{"RouteTableId", cloud.table()}}),
            "MissingParameter");
  cloud.ok("vpc/DeleteRouteEntry", to(cloud, "10.1.0.0/24", node(1)));
}

TEST_F(SimRoutes, AGoneInstanceLeavesABlackHole) {
  Cloud cloud(instant_scene(1));
  const std::string id = created(cloud, "10.1.0.0/24", node(1));
  cloud.settle();
  cloud.console({{"do", "terminate_instance"}, {"instance", node(1)}});
  const json route = listed(cloud, {{"NextHopId", node(1)}})[0];
  EXPECT_EQ(route["Status"], "Available");
  EXPECT_EQ(route["NextHops"]["NextHop"][0]["Enabled"], 0);
  const auto orphans = cloud->orphans();
  ASSERT_EQ(orphans.size(), 1U);
  EXPECT_EQ(orphans[0].kind, "route");
  EXPECT_EQ(orphans[0].id, id);
}

TEST_F(SimRoutes, ABatchSucceedsInParts) {
  Cloud cloud(instant_scene(1));
  created(cloud, "10.1.0.0/24", node(1));
  cloud.settle();
  const std::string table = cloud.table();
  const json answer =
      cloud.ok("vpc/CreateRouteEntries", {{"RouteEntries.1.RouteTableId", table},
                                          {"RouteEntries.1.DstCidrBlock", "10.1.0.0/24"},
                                          {"RouteEntries.1.NextHop", node(1)},
                                          {"RouteEntries.1.NextHopType", "Instance"},
                                          {"RouteEntries.2.RouteTableId", table},
                                          {"RouteEntries.2.DstCidrBlock", "10.2.0.0/24"},
                                          {"RouteEntries.2.NextHop", node(1)},
                                          {"RouteEntries.2.NextHopType", "Instance"},
                                          {"RouteEntries.3.RouteTableId", table},
                                          {"RouteEntries.3.DstCidrBlock", "10.3.0.0/24"},
                                          {"RouteEntries.3.NextHop", node(1)}});
  EXPECT_EQ(answer["SuccessCount"], 2);
  EXPECT_EQ(answer["FailedCount"], 1);
  EXPECT_EQ(answer["RouteEntryIds"].size(), 2U);
  EXPECT_EQ(answer["FailedRouteEntries"][0]["FailedCode"], "VPC_ROUTE_ENTRY_CIDR_BLOCK_DUPLICATE");
  EXPECT_EQ(answer["FailedRouteEntries"][0]["DstCidrBlock"], "10.1.0.0/24");
}

TEST_F(SimRoutes, TablesOfAVpcAreListed) {
  sim::Scene scene = instant_scene(1);
  scene.vpcs[0].custom_tables = {"vtb-custom"};
  Cloud cloud(scene);
  const json answer = cloud.ok("vpc/DescribeRouteTableList", {{"VpcId", scene.vpcs[0].id}});
  EXPECT_EQ(answer["TotalCount"], 2);
  const json tables = answer["RouterTableList"]["RouterTableListType"];
  EXPECT_EQ(tables[0]["RouteTableType"], "System");
  EXPECT_EQ(tables[1]["RouteTableId"], "vtb-custom");
  EXPECT_EQ(cloud.code("vpc/DescribeRouteTables", {}), "MissingParameter");
  EXPECT_EQ(cloud.code("vpc/DescribeRouteEntryList", {{"RouteTableId", "vtb-none"}}),
            "InvalidRouteTable.NotFound");
}

TEST_F(SimRoutes, SomebodysRouteFromTheConsoleIsThereAtOnce) {
  Cloud cloud(instant_scene(2));
  const json made =
      cloud.console({{"do", "add_route"}, {"destination", "10.5.0.0/16"}, {"nextHop", node(2)}});
  EXPECT_THAT(cloud.route_states(), ElementsAre("Available"));
  EXPECT_EQ(create_code(cloud, "10.5.0.0/16", node(1)), "InvalidCIDRBlock.Duplicate");
  cloud.console({{"do", "delete_route"}, {"route", made["route"]}});
  EXPECT_TRUE(cloud.route_states().empty());
}

}  // namespace
}  // namespace catena
