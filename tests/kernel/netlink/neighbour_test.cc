#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/netlink/world.h"

namespace catena::netlink {
namespace {

using test::batch;
using test::ip;
using test::must;
using testing::HasSubstr;

TEST(Neighbour, PermanentOnesOfBothFamiliesReadBack) {
  test::World world;
  must(world.pod.send(
      batch(add_permanent_neighbour(world.eth0, ip("169.254.1.1"), test::kHostEnd.mac),
            add_permanent_neighbour(world.eth0, ip("fe80::1"), test::kHostEnd.mac))));
  const auto neighbours = must(world.pod.list_neighbours(world.eth0));
  ASSERT_EQ(neighbours.size(), 2U);
  for (const Neighbour& neighbour : neighbours) {
    EXPECT_TRUE(neighbour.address == ip("169.254.1.1") || neighbour.address == ip("fe80::1"));
    EXPECT_EQ(neighbour.mac, test::kHostEnd.mac);
    EXPECT_EQ(neighbour.if_index, world.eth0.index);
    EXPECT_TRUE(neighbour.permanent);
  }
  const std::string shown = world.pod_ns.sh("ip -d neigh show dev eth0");
  EXPECT_THAT(shown, HasSubstr("169.254.1.1 lladdr 0a:00:00:00:00:01 PERMANENT proto 202"));
}

TEST(Neighbour, ReplacesWhatTheKernelHadLearnt) {
  test::World world;
  world.pod_ns.sh("ip neigh add 169.254.1.1 lladdr 0a:00:00:00:00:77 nud reachable dev eth0");
  auto neighbours = must(world.pod.list_neighbours(world.eth0));
  ASSERT_EQ(neighbours.size(), 1U);
  EXPECT_FALSE(neighbours[0].permanent);

  must(world.pod.send(add_permanent_neighbour(world.eth0, ip("169.254.1.1"), test::kHostEnd.mac)));
  neighbours = must(world.pod.list_neighbours(world.eth0));
  ASSERT_EQ(neighbours.size(), 1U);
  EXPECT_EQ(neighbours[0].mac, test::kHostEnd.mac);
  EXPECT_TRUE(neighbours[0].permanent);
}

TEST(Neighbour, OfAnotherLinkIsNotListed) {
  test::World world;
  world.pod_ns.sh("ip link add other type veth peer name another && ip link set other up");
  const Link other = must(world.pod.find_link("other"));
  must(world.pod.send(
      batch(add_permanent_neighbour(world.eth0, ip("169.254.1.1"), test::kHostEnd.mac),
            add_permanent_neighbour(other, ip("169.254.1.2"), test::kHostEnd.mac))));
  const auto neighbours = must(world.pod.list_neighbours(other));
  ASSERT_EQ(neighbours.size(), 1U);
  EXPECT_EQ(neighbours[0].address, ip("169.254.1.2"));
}

}  // namespace
}  // namespace catena::netlink
