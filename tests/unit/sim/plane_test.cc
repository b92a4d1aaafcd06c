// The data plane follows the state, at the times at which a guest would see it.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/sim/cloud_fixture.h"

namespace catena {
namespace {

using test::Cloud;
using test::instant_scene;
using test::node;
using test::Parameters;

// Writes down what it is told; refuses what it is told to refuse.
class NotedPlane : public sim::Plane {
 public:
  base::Status add_switch(const sim::PlaneSwitch& vswitch) override {
    return note("switch " + vswitch.id + " gw " + vswitch.gateway.to_string());
  }
  base::Status add_node(const sim::PlaneNode& added) override {
    return note("node " + added.id + " in " + added.netns);
  }
  base::Status remove_node(const std::string& id) override { return note("no node " + id); }
  base::Status plug(const std::string& to, const sim::PlaneNic& nic) override {
    if (refuse_plug) {
      return base::Error(base::ErrorKind::kInternal, "no room for " + nic.id);
    }
    return note("plug " + nic.id + " into " + to);
  }
  base::Status unplug(const std::string& nic) override { return note("unplug " + nic); }
  base::Status set_addresses(const std::string& nic,
                             const std::vector<base::Prefix>& addresses) override {
    return note(nic + " has " + std::to_string(addresses.size()));
  }
  base::Status set_routes(const std::vector<sim::PlaneRoute>& routes) override {
    std::string line = "routes";
    for (const sim::PlaneRoute& route : routes) {
      line += " " + route.destination.to_string() + " via " + route.next_hop;
    }
    return note(line);
  }

  bool has(const std::string& line) const {
    return std::find(lines.begin(), lines.end(), line) != lines.end();
  }

  std::vector<std::string> lines;
  bool refuse_plug = false;

 private:
  base::Status note(const std::string& line) {
    lines.push_back(line);
    return {};
  }
};

TEST(SimPlane, SwitchesAndNodesAreThereFromTheStart) {
  NotedPlane plane;
  Cloud cloud(instant_scene(2), &plane);
  EXPECT_TRUE(plane.has("switch " + test::vswitch('h') + " gw 192.168.15.253"));
  EXPECT_TRUE(plane.has("node " + node(1) + " in sim-node-1"));
  EXPECT_TRUE(plane.has("node " + node(2) + " in sim-node-2"));
}

TEST(SimPlane, ADeviceComesUpToFiveSecondsBeforeOrAfterInUse) {
  int before = 0;
  int after = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    NotedPlane plane;
    sim::Scene scene = sim::default_scene(1);
    scene.seed = seed;
    Cloud cloud(scene, &plane);
    const std::string eni = cloud.create_eni();
    cloud->advance(cloud->answer_after());
    cloud.ok("ecs/AttachNetworkInterface", {{"NetworkInterfaceId", eni}, {"InstanceId", node(1)}});
    std::optional<sim::Time> plugged;
    std::optional<sim::Time> in_use;
    while (const auto due = cloud->next_due()) {
      cloud->advance_to(*due);
      if (!plugged && plane.has("plug " + eni + " into " + node(1))) {
        plugged = cloud->now();
      }
      if (!in_use && cloud.state_of(eni) == "InUse") {
        in_use = cloud->now();
      }
    }
    ASSERT_TRUE(plugged && in_use) << "seed " << seed;
    EXPECT_LE(std::abs((*plugged - *in_use).count()), 5000) << "seed " << seed;
    before += *plugged < *in_use ? 1 : 0;
    after += *plugged > *in_use ? 1 : 0;
  }
  EXPECT_GT(before, 5);
  EXPECT_GT(after, 5);
}

TEST(SimPlane, ADeviceIsGoneBeforeItsEniIsAvailable) {
  NotedPlane plane;
  Cloud cloud(instant_scene(1), &plane);
  const std::string eni = cloud.attached_eni(node(1));
  cloud.console({{"do", "plan_fault"}, {"kind", "detach_sticks"}});
  const Parameters both{{"NetworkInterfaceId", eni}, {"InstanceId", node(1)}};
  cloud.ok("ecs/DetachNetworkInterface", both);
  cloud.settle();
  EXPECT_FALSE(plane.has("unplug " + eni));  // the guest holds on to it
  cloud.ok("ecs/DetachNetworkInterface", both);
  cloud.settle();
  EXPECT_EQ(std::count(plane.lines.begin(), plane.lines.end(), "unplug " + eni), 1);
}

TEST(SimPlane, AnEniThatThePlaneRefusesFallsBack) {
  NotedPlane plane;
  sim::Scene scene = instant_scene(1);
  Cloud cloud(scene, &plane);
  plane.refuse_plug = true;
  const std::string eni = cloud.create_eni();
  cloud.ok("ecs/AttachNetworkInterface", {{"NetworkInterfaceId", eni}, {"InstanceId", node(1)}});
  cloud.settle();
  EXPECT_EQ(cloud.state_of(eni), "Available");
  ASSERT_EQ(cloud->take_plane_errors().size(), 1U);
  EXPECT_TRUE(cloud->take_plane_errors().empty());
}

TEST(SimPlane, AddressesAndRoutesFollow) {
  NotedPlane plane;
  sim::Scene scene = instant_scene(1);
  scene.delays.route_create = {sim::Millis{1000}, sim::Millis{1000}};
  Cloud cloud(scene, &plane);
  const std::string eni = cloud.attached_eni(node(1));
  cloud.ok("ecs/AssignPrivateIpAddresses",
           {{"NetworkInterfaceId", eni}, {"SecondaryPrivateIpAddressCount", "2"}});
  EXPECT_TRUE(plane.has(eni + " has 3"));
  const std::string id = cloud.ok("vpc/CreateRouteEntry", {{"RouteTableId", cloud.table()},
                                                           {"DestinationCidrBlock", "10.1.0.0/24"},
                                                           {"NextHopId", node(1)}})["RouteEntryId"];
  EXPECT_FALSE(plane.has("routes 10.1.0.0/24 via " + node(1)));  // Pending carries nothing
  cloud.settle();
  EXPECT_TRUE(plane.has("routes 10.1.0.0/24 via " + node(1)));
  cloud.ok("vpc/DeleteRouteEntry", {{"RouteEntryId", id}});
  cloud.settle();
  EXPECT_EQ(plane.lines.back(), "routes");
}

TEST(SimPlane, ARestartedNodeFindsItsDevicesAgain) {
  NotedPlane plane;
  Cloud cloud(instant_scene(1), &plane);
  const std::string eni = cloud.attached_eni(node(1));
  cloud.console({{"do", "stop_instance"}, {"instance", node(1)}});
  cloud.settle();
  EXPECT_EQ(plane.lines.back(), "no node " + node(1));
  plane.lines.clear();
  cloud.console({{"do", "start_instance"}, {"instance", node(1)}});
  cloud.settle();
  EXPECT_THAT(plane.lines, testing::ElementsAre("node " + node(1) + " in sim-node-1",
                                                "plug " + eni + " into " + node(1)));
}

TEST(SimPlane, ADeviceThatCameWhileTheMachineStartedIsFoundByIt) {
  NotedPlane plane;
  sim::Scene scene = instant_scene(1);
  scene.delays.start = {sim::Millis{1000}, sim::Millis{1000}};
  scene.delays.attach = {sim::Millis{1200}, sim::Millis{1200}};
  scene.lags.guest_device = {sim::Millis{900}, sim::Millis{900}};
  // Whether it comes before or after InUse is chance: some seed has it come before the start is
  // done, and the attach after.
  for (scene.seed = 1; scene.seed <= 10; ++scene.seed) {
    Cloud cloud(scene, &plane);
    cloud.console({{"do", "stop_instance"}, {"instance", node(1)}});
    cloud.settle();
    plane.lines.clear();
    const std::string eni = cloud.create_eni();
    cloud.ok("ecs/AttachNetworkInterface", {{"NetworkInterfaceId", eni}, {"InstanceId", node(1)}});
    cloud.console({{"do", "start_instance"}, {"instance", node(1)}});
    cloud.settle();
    EXPECT_TRUE(plane.has("plug " + eni + " into " + node(1))) << "seed " << scene.seed;
  }
}

TEST(SimPlane, AnEniDeletedInTheConsoleIsUnpluggedUnderThePod) {
  NotedPlane plane;
  Cloud cloud(instant_scene(1), &plane);
  const std::string eni = cloud.attached_eni(node(1));
  cloud.console({{"do", "delete_eni"}, {"eni", eni}});
  EXPECT_EQ(plane.lines.back(), "unplug " + eni);
}

}  // namespace
}  // namespace catena
