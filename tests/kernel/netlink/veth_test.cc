#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/netlink/world.h"

namespace catena::netlink {
namespace {

using test::must;
using testing::HasSubstr;

TEST(CreateVeth, PutsThePeerStraightIntoTheOtherNamespace) {
  test::Namespaces world;
  must(world.host.send(create_veth(test::kHostEnd, test::kPodEnd, world.pod_netns)));

  const Link ctn = must(world.host.find_link("ctn1a2b"));
  EXPECT_EQ(ctn.kind, "veth");
  EXPECT_EQ(ctn.mac, test::kHostEnd.mac);
  EXPECT_EQ(ctn.mtu, 1400U);
  EXPECT_FALSE(ctn.up);

  const Link eth0 = must(world.pod.find_link("eth0"));
  EXPECT_EQ(eth0.kind, "veth");
  EXPECT_EQ(eth0.mac, test::kPodEnd.mac);
  EXPECT_EQ(eth0.mtu, 1300U);
  EXPECT_FALSE(eth0.up);

  EXPECT_TRUE(world.host.find_link("eth0").error().is(base::ErrorKind::kNotFound));
  EXPECT_TRUE(world.pod.find_link("ctn1a2b").error().is(base::ErrorKind::kNotFound));
}

TEST(CreateVeth, EachEndNamesTheOtherEvenWhenBothHaveTheSameIndex) {
  test::Namespaces world;
  must(world.host.send(create_veth(test::kHostEnd, test::kPodEnd, world.pod_netns)));
  const Link ctn = must(world.host.find_link("ctn1a2b"));
  const Link eth0 = must(world.pod.find_link("eth0"));
  // Both namespaces are fresh, so the numbers coincide: the kernel must name the peer all the same.
  EXPECT_EQ(ctn.index, eth0.index);
  EXPECT_EQ(ctn.peer_index, eth0.index);
  EXPECT_EQ(eth0.peer_index, ctn.index);
}

TEST(CreateVeth, NamesThePeerByItsIndexThere) {
  test::Namespaces world;
  world.pod_ns.sh("ip link add other type veth peer name another");
  must(world.host.send(create_veth(test::kHostEnd, test::kPodEnd, world.pod_netns)));
  const Link ctn = must(world.host.find_link("ctn1a2b"));
  const Link eth0 = must(world.pod.find_link("eth0"));
  EXPECT_NE(ctn.index, eth0.index);
  EXPECT_EQ(ctn.peer_index, eth0.index);
  EXPECT_EQ(eth0.peer_index, ctn.index);
}

TEST(CreateVeth, ATakenNameHereLeavesNothingThere) {
  test::Namespaces world;
  world.host_ns.sh("ip link add ctn1a2b type veth peer name other");
  const base::Status status =
      world.host.send(create_veth(test::kHostEnd, test::kPodEnd, world.pod_netns));
  ASSERT_FALSE(status.ok());
  EXPECT_TRUE(status.error().is(base::ErrorKind::kExists)) << status.error().text();
  EXPECT_EQ(status.error().sys_errno(), EEXIST);
  EXPECT_THAT(status.error().message(),
              HasSubstr("create veth ctn1a2b with peer eth0: File exists"));
  EXPECT_TRUE(world.pod.find_link("eth0").error().is(base::ErrorKind::kNotFound));
}

TEST(CreateVeth, ATakenNameThereLeavesNothingHere) {
  test::Namespaces world;
  world.pod_ns.sh("ip link add eth0 type veth peer name other");
  const base::Status status =
      world.host.send(create_veth(test::kHostEnd, test::kPodEnd, world.pod_netns));
  ASSERT_FALSE(status.ok());
  EXPECT_TRUE(status.error().is(base::ErrorKind::kExists)) << status.error().text();
  EXPECT_TRUE(world.host.find_link("ctn1a2b").error().is(base::ErrorKind::kNotFound));
}

TEST(CreateVeth, ANameThatIsTooLongIsRefusedByTheKernelInItsOwnWords) {
  test::Namespaces world;
  VethEnd here = test::kHostEnd;
  here.name = "sixteen-letters!";
  const base::Status status = world.host.send(create_veth(here, test::kPodEnd, world.pod_netns));
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().message(), testing::MatchesRegex("create veth sixteen.*: .*\\(.+\\)"));
}

TEST(DeleteLinksOfGroup, TakesThoseAndNoOthersAndMayBeRepeated) {
  test::Namespaces world;
  const VethEnd other{.name = "other", .mac = base::Mac{{0x0a, 0, 0, 0, 0, 7}}};
  const VethEnd others_peer{.name = "eth1", .mac = base::Mac{{0x0a, 0, 0, 0, 0, 8}}};
  VethEnd grouped = test::kHostEnd;
  grouped.group = 42;
  must(world.host.send(create_veth(grouped, test::kPodEnd, world.pod_netns)));
  must(world.host.send(create_veth(other, others_peer, world.pod_netns)));
  must(world.host.send(delete_links_of_group(42)));
  EXPECT_TRUE(world.host.find_link(grouped.name).error().is(base::ErrorKind::kNotFound));
  EXPECT_TRUE(world.pod.find_link("eth0").error().is(base::ErrorKind::kNotFound));
  EXPECT_TRUE(world.host.find_link("other").ok());
  must(world.host.send(delete_links_of_group(42)));
}

TEST(DeleteVeth, TakesBothEndsAndMayBeRepeated) {
  test::World world;
  must(world.host.send(delete_link(world.ctn)));
  EXPECT_TRUE(world.host.find_link("ctn1a2b").error().is(base::ErrorKind::kNotFound));
  EXPECT_TRUE(world.pod.find_link("eth0").error().is(base::ErrorKind::kNotFound));
  must(world.host.send(delete_link(world.ctn)));
  must(world.pod.send(delete_link(world.eth0)));
}

}  // namespace
}  // namespace catena::netlink
