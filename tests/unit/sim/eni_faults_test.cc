// ENIs whose attach fails, and whose detach or delete sticks.
#include <gtest/gtest.h>

#include "tests/unit/sim/cloud_fixture.h"

namespace catena {
namespace {

using test::Cloud;
using test::instant_scene;
using test::node;
using test::pair_of;

TEST(SimEni, FailedAttachFallsBackToAvailable) {
  Cloud cloud(instant_scene(1));
  cloud.console({{"do", "plan_fault"}, {"kind", "attach_fails"}});
  const std::string eni = cloud.create_eni();
  cloud.ok("ecs/AttachNetworkInterface", pair_of(eni, node(1)));
  cloud.settle();
  EXPECT_EQ(cloud.state_of(eni), "Available");
  cloud.ok("ecs/AttachNetworkInterface", pair_of(eni, node(1)));
  cloud.settle();
  EXPECT_EQ(cloud.state_of(eni), "InUse");
}

TEST(SimEni, StuckDetachGoesOnWhenAskedAgain) {
  Cloud cloud(instant_scene(1));
  const std::string eni = cloud.attached_eni(node(1));
  cloud.console({{"do", "plan_fault"}, {"kind", "detach_sticks"}, {"eni", eni}});
  cloud.ok("ecs/DetachNetworkInterface", pair_of(eni, node(1)));
  cloud.settle();
  EXPECT_EQ(cloud.state_of(eni), "Detaching");
  cloud.ok("ecs/DetachNetworkInterface", pair_of(eni, node(1)));
  cloud.settle();
  EXPECT_EQ(cloud.state_of(eni), "Available");
}

TEST(SimEni, StuckDetachEndsWhenTheMachineRestarts) {
  Cloud cloud(instant_scene(1));
  const std::string eni = cloud.attached_eni(node(1));
  cloud.console({{"do", "plan_fault"}, {"kind", "detach_sticks"}});
  cloud.ok("ecs/DetachNetworkInterface", pair_of(eni, node(1)));
  cloud.settle();
  cloud.console({{"do", "stop_instance"}, {"instance", node(1)}});
  cloud.settle();
  EXPECT_EQ(cloud.state_of(eni), "Available");
}

TEST(SimEni, StuckDeleteGoesOnWhenAskedAgain) {
  Cloud cloud(instant_scene(1));
  const std::string eni = cloud.create_eni();
  cloud.console({{"do", "plan_fault"}, {"kind", "delete_sticks"}});
  cloud.ok("ecs/DeleteNetworkInterface", {{"NetworkInterfaceId", eni}});
  cloud.settle();
  EXPECT_EQ(cloud.state_of(eni), "Deleting");
  EXPECT_EQ(cloud->orphans().size(), 2U);  // itself and its address
  cloud.ok("ecs/DeleteNetworkInterface", {{"NetworkInterfaceId", eni}});
  cloud.settle();
  EXPECT_EQ(cloud.state_of(eni), "gone");
}
}  // namespace
}  // namespace catena
