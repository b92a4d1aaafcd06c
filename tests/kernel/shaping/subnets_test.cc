#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/shaping/scene.h"

namespace catena::test {
namespace {

using shaping::EgressFrom;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Subnets : public testing::TestWithParam<EgressFrom> {
 protected:
  Subnets() { what.egress_from = GetParam(); }
  std::vector<std::string> differences() {
    return must(shaping::differences(world.host, world.pod, what, rates));
  }
  // Whether ten pings of 1,200 bytes are back within 2 s: 8 kbit/s let 5 pass.
  bool is_quick(const std::string& address) const {
    return world.pod_ns.sh_ok("ping -q -c 10 -i 0.05 -W 1 -w 2 -s 1200 " + address);
  }
  PodAndNode world;
  shaping::Shaped what = world.shaped();
  shaping::Rates rates = rates_of(8000, 8000);
};

TEST_P(Subnets, UnshapedOnesRunFree) {
  world.host_ns.sh("ip addr add 10.2.0.1/32 dev ctn1a2b; ip -6 addr add fd01::1/128 dev ctn1a2b");
  world.pod_ns.sh("ip route add 10.2.0.1 dev eth0; ip -6 route add fd01::1 dev eth0");
  what.subnets.unshaped = {prefix("10.2.0.0/16"), prefix("fd01::/17")};
  must(shaping::shape(world.host, world.pod, what, rates));
  EXPECT_THAT(differences(), IsEmpty());
  EXPECT_TRUE(is_quick("10.2.0.1"));
  EXPECT_TRUE(is_quick("fd01::1"));
  EXPECT_FALSE(is_quick("10.1.0.1"));
  EXPECT_FALSE(is_quick("fd00::1"));
}

TEST_P(Subnets, OnlyShapedOnesAreLimited) {
  world.host_ns.sh("ip addr add 10.2.0.1/32 dev ctn1a2b; ip -6 addr add fd01::1/128 dev ctn1a2b");
  world.pod_ns.sh("ip route add 10.2.0.1 dev eth0; ip -6 route add fd01::1 dev eth0");
  what.subnets.shaped = {prefix("10.2.0.0/16"), prefix("fd01::/17")};
  must(shaping::shape(world.host, world.pod, what, rates));
  EXPECT_THAT(differences(), IsEmpty());
  EXPECT_FALSE(is_quick("10.2.0.1"));
  EXPECT_FALSE(is_quick("fd01::1"));
  EXPECT_TRUE(is_quick("10.1.0.1"));
  EXPECT_TRUE(is_quick("fd00::1"));
}

TEST_P(Subnets, CanBeChangedAndLeftOutAgain) {
  const std::vector<shaping::Subnets> all{
      {.shaped = {}, .unshaped = {prefix("10.0.0.0/8"), prefix("::/0")}},
      {.shaped = {}, .unshaped = {prefix("0.0.0.0/0"), prefix("fd00:1:2:3::/64")}},
      {.shaped = {prefix("10.1.2.3/32"), prefix("fd00::1/128")}, .unshaped = {}},
      {}};
  for (const shaping::Subnets& subnets : all) {
    what.subnets = subnets;
    EXPECT_THAT(differences(), Not(IsEmpty()));
    must(shaping::shape(world.host, world.pod, what, rates));
    EXPECT_THAT(differences(), IsEmpty());
  }
  must(shaping::remove(world.host, &world.pod, what));
  EXPECT_THAT(world.traffic_control(), IsEmpty());
}

TEST_P(Subnets, FilterThatIsGoneIsADifference) {
  what.subnets.unshaped = {prefix("10.2.0.0/16")};
  must(shaping::shape(world.host, world.pod, what, rates));
  world.host_ns.sh("tc filter del dev ctn1a2b parent ca20: prio 4");
  EXPECT_THAT(testing::PrintToString(differences()), HasSubstr("10.2.0.0/16"));
}

INSTANTIATE_TEST_SUITE_P(Ways, Subnets, testing::Values(EgressFrom::kPod, EgressFrom::kHost),
                         [](const auto& from) {
                           return from.param == EgressFrom::kPod ? "FromThePod" : "FromTheNode";
                         });

}  // namespace
}  // namespace catena::test
