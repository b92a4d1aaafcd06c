// Who gets what: gateways, addresses of ENIs, secondary ones, prefixes, IPv6, large packets.
#include <gtest/gtest.h>

#include "tests/kernel/sim/vpc.h"
#include "tests/support/probe.h"

namespace catena::test {
namespace {

TEST(VpcDelivery, NodesReachEachOtherAndTheirGateway) {
  Vpc vpc;
  EXPECT_TRUE(pings(vpc.a(), "192.168.0.253"));
  EXPECT_TRUE(pings(vpc.a(), "192.168.1.10"));  // the other vSwitch
  EXPECT_TRUE(pings(vpc.b(), "192.168.1.11"));  // the same
  EXPECT_TRUE(pings(vpc.a(), "fd00:a::ffff:ffff:ffff:fff7"));
  EXPECT_TRUE(pings(vpc.a(), "fd00:b::10"));
  EXPECT_TRUE(pings(vpc.b(), "fd00:b::11"));
}

TEST(VpcDelivery, AnswersForEveryAddressOfTheVSwitchAtOnce) {
  Vpc vpc;
  for (const char* address : {"192.168.1.253", "192.168.1.11", "192.168.1.77"}) {
    vpc.b().sh_ok(std::string("ping -n -c 1 -W 1 ") + address);
    const std::string neighbour = vpc.b().sh(std::string("ip neigh show ") + address);
    EXPECT_NE(neighbour.find("ee:ff:ff:ff:ff:ff"), std::string::npos) << neighbour;
  }
  EXPECT_FALSE(pings(vpc.b(), "192.168.1.77"));  // nobody has it all the same
  for (const char* address : {"fd00:b::ffff:ffff:ffff:fff7", "fd00:b::11", "fd00:b::77"}) {
    EXPECT_TRUE(neighbour_answers(vpc.b(), "eth0", ip("fd00:b::10"), ip(address))) << address;
  }
}

TEST(VpcDelivery, AnswersForNothingOutsideTheVSwitch) {
  Vpc vpc;
  vpc.b().sh("ip addr add 10.9.9.1/24 dev eth0");
  vpc.b().sh_ok("ping -n -c 1 -W 1 10.9.9.2");
  const std::string neighbour = vpc.b().sh("ip neigh show 10.9.9.2");
  EXPECT_EQ(neighbour.find("ee:ff"), std::string::npos) << neighbour;
  EXPECT_FALSE(neighbour_answers(vpc.b(), "eth0", ip("fd00:b::10"), ip("fd00:a::10"), kLongEnough));
}

TEST(VpcDelivery, AnAddressOfItsOwnIsNoDuplicate) {
  Vpc vpc;
  must(vpc.plane().set_addresses(
      "eni-i-a", {prefix("192.168.0.10"), prefix("fd00:a::10"), prefix("fd00:a::20")}));
  vpc.a().sh("ip addr add fd00:a::20/64 dev eth0");
  EXPECT_TRUE(soon([&] { return vpc.a().sh("ip -6 addr show dev eth0 tentative").empty(); },
                   std::chrono::seconds(5)));
  EXPECT_EQ(vpc.a().sh("ip -6 addr show dev eth0 dadfailed"), "");
  EXPECT_TRUE(pings(vpc.b(), "fd00:a::20"));
}

TEST(VpcDelivery, ASecondaryAddressWorksWhileItIsAssigned) {
  Vpc vpc;
  vpc.a().sh("ip addr add 192.168.0.20/32 dev lo");
  EXPECT_FALSE(pings(vpc.b(), "192.168.0.20"));
  must(vpc.plane().set_addresses("eni-i-a", {prefix("192.168.0.10"), prefix("192.168.0.20")}));
  EXPECT_TRUE(pings(vpc.b(), "192.168.0.20"));
  must(vpc.plane().set_addresses("eni-i-a", {prefix("192.168.0.10")}));
  EXPECT_FALSE(pings(vpc.b(), "192.168.0.20"));
  EXPECT_TRUE(pings(vpc.b(), "192.168.0.10"));
}

TEST(VpcDelivery, AGuestThatAnswersNoArpStillGetsItsPackets) {
  Vpc vpc;
  vpc.a().sh("sysctl -q net.ipv4.conf.all.arp_ignore=8");
  must(vpc.plane().set_addresses("eni-i-a", {prefix("192.168.0.10"), prefix("192.168.0.20")}));
  EXPECT_TRUE(reaches(vpc.b(), "192.168.1.10", vpc.a(), "192.168.0.20"));
  EXPECT_TRUE(reaches(vpc.c(), "192.168.1.11", vpc.a(), "192.168.0.10"));
}

TEST(VpcDelivery, ADelegatedPrefixLeadsToItsEniAlone) {
  Vpc vpc;
  must(vpc.plane().set_addresses("eni-i-a", {prefix("192.168.0.10"), prefix("192.168.0.32/28"),
                                             prefix("fd00:a::10"), prefix("fd00:a:0:0:1::/80")}));
  EXPECT_TRUE(reaches(vpc.b(), "192.168.1.10", vpc.a(), "192.168.0.32"));
  EXPECT_TRUE(reaches(vpc.b(), "192.168.1.10", vpc.a(), "192.168.0.47"));
  EXPECT_FALSE(reaches(vpc.b(), "192.168.1.10", vpc.a(), "192.168.0.48"));
  EXPECT_TRUE(reaches(vpc.b(), "fd00:b::10", vpc.a(), "fd00:a:0:0:1::7"));
  EXPECT_FALSE(reaches(vpc.b(), "fd00:b::10", vpc.a(), "fd00:a:0:0:2::7"));
  // And they are good sources.
  EXPECT_TRUE(reaches(vpc.a(), "192.168.0.40", vpc.b(), "192.168.1.10"));
  EXPECT_TRUE(reaches(vpc.a(), "fd00:a:0:0:1::7", vpc.b(), "fd00:b::10"));
}

TEST(VpcDelivery, JumboFramesPassWhole) {
  Vpc vpc(8500);
  EXPECT_TRUE(vpc.a().sh_ok("ping -n -c 1 -W 2 -M do -s 8472 192.168.1.10"));
  EXPECT_TRUE(vpc.a().sh_ok("ping -n -c 1 -W 2 -M do -s 8452 fd00:b::10"));
  EXPECT_FALSE(vpc.a().sh_ok("ping -n -c 1 -W 1 -M do -s 8473 192.168.1.10"));
}

TEST(VpcDelivery, WhatNobodyHasIsDroppedSilentlyAndCounted) {
  Vpc vpc;
  EXPECT_FALSE(reaches(vpc.a(), "192.168.0.10", vpc.b(), "192.168.1.99"));
  EXPECT_FALSE(reaches(vpc.a(), "192.168.0.10", vpc.b(), "8.8.8.8"));
  EXPECT_FALSE(reaches(vpc.a(), "fd00:a::10", vpc.b(), "fd00:b::99"));
  const base::Result<sim::Drops> drops = vpc.plane().drops();
  ASSERT_TRUE(drops.ok()) << drops.error().text();
  EXPECT_EQ(drops->unroutable, 3);
  EXPECT_EQ(drops->foreign_source, 0);
}

}  // namespace
}  // namespace catena::test
