// Who may send what: addresses and MAC of the ENI, podCIDRs of route entries, nothing else.
#include <gtest/gtest.h>

#include "tests/kernel/sim/vpc.h"

namespace catena::test {
namespace {

sim::Drops drops_of(Vpc& vpc) {
  base::Result<sim::Drops> drops = vpc.plane().drops();
  EXPECT_TRUE(drops.ok()) << (drops.ok() ? "" : drops.error().text());
  return drops.ok() ? *drops : sim::Drops{};
}

TEST(VpcSourceCheck, AForeignSourceIsDroppedAndCounted) {
  Vpc vpc;
  ASSERT_TRUE(reaches(vpc.a(), "192.168.0.10", vpc.b(), "192.168.1.10"));
  EXPECT_EQ(drops_of(vpc).foreign_source, 0);
  EXPECT_EQ(drops_of(vpc).foreign_mac, 0);
  EXPECT_FALSE(reaches(vpc.a(), "192.168.0.11", vpc.b(), "192.168.1.10"));   // nobody's
  EXPECT_FALSE(reaches(vpc.a(), "192.168.1.11", vpc.b(), "192.168.1.10"));   // another's
  EXPECT_FALSE(reaches(vpc.a(), "192.168.0.253", vpc.b(), "192.168.1.10"));  // the gateway's
  EXPECT_FALSE(reaches(vpc.a(), "172.30.1.5", vpc.b(), "192.168.1.10"));     // a pod's
  EXPECT_EQ(drops_of(vpc).foreign_source, 4);
}

TEST(VpcSourceCheck, AForeignIpv6SourceIsDroppedAndCounted) {
  Vpc vpc;
  ASSERT_TRUE(reaches(vpc.a(), "fd00:a::10", vpc.b(), "fd00:b::10"));
  EXPECT_FALSE(reaches(vpc.a(), "fd00:a::11", vpc.b(), "fd00:b::10"));
  EXPECT_FALSE(reaches(vpc.a(), "fd00:b::11", vpc.b(), "fd00:b::10"));
  EXPECT_FALSE(reaches(vpc.a(), "fd00:30::5", vpc.b(), "fd00:b::10"));
  EXPECT_EQ(drops_of(vpc).foreign_source, 3);
}

TEST(VpcSourceCheck, AForeignMacIsDroppedAndCounted) {
  Vpc vpc;
  ASSERT_TRUE(pings(vpc.a(), "192.168.1.10"));
  vpc.a().sh("ip link set eth0 address 00:16:3e:99:99:99");
  vpc.a().sh("ip neigh replace 192.168.0.253 lladdr ee:ff:ff:ff:ff:ff dev eth0 nud permanent");
  EXPECT_FALSE(pings(vpc.a(), "192.168.1.10"));
  EXPECT_GE(drops_of(vpc).foreign_mac, 1);
}

TEST(VpcSourceCheck, IsOffWhereTheEniForwards) {
  Vpc vpc;
  sim::PlaneNic forwarder = nic("eni-fwd", "00:16:3e:00:01:01", "vsw-a", {"192.168.0.30"});
  forwarder.source_check = false;
  must(vpc.plane().plug("i-a", forwarder));
  vpc.a().sh(
      "ip link set eth1 up && ip addr add 192.168.0.30/32 dev eth1 && "
      "ip route add 192.168.1.10 via 192.168.0.253 dev eth1 onlink");
  EXPECT_TRUE(reaches(vpc.a(), "172.30.1.5", vpc.b(), "192.168.1.10"));
  EXPECT_EQ(drops_of(vpc).foreign_source, 0);
}

TEST(VpcSourceCheck, EachEniHasItsOwnAddresses) {
  Vpc vpc;
  must(vpc.plane().plug("i-a", nic("eni-2", "00:16:3e:00:01:01", "vsw-a", {"192.168.0.30"})));
  vpc.a().sh("ip link set eth1 up && ip route add 192.168.1.10 via 192.168.0.253 dev eth1 onlink");
  EXPECT_TRUE(reaches(vpc.a(), "192.168.0.30", vpc.b(), "192.168.1.10"));
  EXPECT_FALSE(reaches(vpc.a(), "192.168.0.10", vpc.b(), "192.168.1.10"));
}

TEST(VpcRouteEntry, LeadsThePodCidrToItsNodeAndLetsItOut) {
  Vpc vpc;
  must(vpc.plane().set_routes({{prefix("172.30.1.0/24"), "i-a"}, {prefix("fd00:30::/64"), "i-a"}}));
  EXPECT_TRUE(reaches(vpc.b(), "192.168.1.10", vpc.a(), "172.30.1.5"));
  EXPECT_TRUE(reaches(vpc.b(), "fd00:b::10", vpc.a(), "fd00:30::5"));
  EXPECT_TRUE(reaches(vpc.a(), "172.30.1.5", vpc.b(), "192.168.1.10"));
  EXPECT_TRUE(reaches(vpc.a(), "fd00:30::5", vpc.b(), "fd00:b::10"));
  // Only from that node, and only those.
  EXPECT_FALSE(reaches(vpc.c(), "172.30.1.5", vpc.b(), "192.168.1.10"));
  EXPECT_FALSE(reaches(vpc.a(), "172.30.2.5", vpc.b(), "192.168.1.10"));
}

TEST(VpcRouteEntry, CutsWhenItIsDeleted) {
  Vpc vpc;
  must(vpc.plane().set_routes({{prefix("172.30.1.0/24"), "i-a"}}));
  ASSERT_TRUE(reaches(vpc.b(), "192.168.1.10", vpc.a(), "172.30.1.5"));
  must(vpc.plane().set_routes({}));
  EXPECT_FALSE(reaches(vpc.b(), "192.168.1.10", vpc.a(), "172.30.1.5"));
  EXPECT_FALSE(reaches(vpc.a(), "172.30.1.5", vpc.b(), "192.168.1.10"));
}

TEST(VpcRouteEntry, MovesToAnotherNode) {
  Vpc vpc;
  must(vpc.plane().set_routes({{prefix("172.30.1.0/24"), "i-a"}}));
  must(vpc.plane().set_routes({{prefix("172.30.1.0/24"), "i-c"}}));
  EXPECT_TRUE(reaches(vpc.b(), "192.168.1.10", vpc.c(), "172.30.1.5"));
  EXPECT_FALSE(reaches(vpc.b(), "192.168.1.10", vpc.a(), "172.30.1.5"));
}

TEST(VpcRouteEntry, LeadsToOneEni) {
  Vpc vpc;
  must(vpc.plane().plug("i-a", nic("eni-2", "00:16:3e:00:01:01", "vsw-a", {"192.168.0.30"})));
  must(vpc.plane().set_routes({{prefix("172.30.1.0/24"), "eni-2"}}));
  EXPECT_FALSE(reaches(vpc.b(), "192.168.1.10", vpc.a(), "172.30.1.5"));  // eth1 is down
  vpc.a().sh("ip link set eth1 up && ip addr add 192.168.0.30/32 dev eth1");
  EXPECT_TRUE(reaches(vpc.b(), "192.168.1.10", vpc.a(), "172.30.1.5"));
}

TEST(VpcRouteEntry, IsABlackHoleOnceItsNextHopIsGoneAndNoWiderOneTakesOver) {
  Vpc vpc;
  must(
      vpc.plane().set_routes({{prefix("172.30.1.0/24"), "i-a"}, {prefix("172.30.0.0/16"), "i-c"}}));
  ASSERT_TRUE(reaches(vpc.b(), "192.168.1.10", vpc.a(), "172.30.1.5"));
  must(vpc.plane().remove_node("i-a"));
  const std::uint64_t before = drops_of(vpc).unroutable;
  EXPECT_FALSE(reaches(vpc.b(), "192.168.1.10", vpc.c(), "172.30.1.5"));
  EXPECT_EQ(drops_of(vpc).unroutable, before + 1);
  EXPECT_TRUE(reaches(vpc.b(), "192.168.1.10", vpc.c(), "172.30.2.5"));
}

TEST(VpcRouteEntry, WaitsForANextHopThatComesLater) {
  Vpc vpc;
  must(vpc.plane().set_routes({{prefix("172.30.1.0/24"), "eni-2"}}));
  EXPECT_FALSE(reaches(vpc.b(), "192.168.1.10", vpc.a(), "172.30.1.5"));
  must(vpc.plane().plug("i-a", nic("eni-2", "00:16:3e:00:01:01", "vsw-a", {"192.168.0.30"})));
  vpc.a().sh("ip link set eth1 up && ip addr add 192.168.0.30/32 dev eth1");
  EXPECT_TRUE(reaches(vpc.b(), "192.168.1.10", vpc.a(), "172.30.1.5"));
}

}  // namespace
}  // namespace catena::test
