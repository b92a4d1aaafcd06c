#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/shaping/scene.h"

namespace catena::test {
namespace {

using shaping::EgressFrom;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// Where the limits are: in the pod and on the node's end, on the node alone, in the pod alone.
enum class Way { kPod, kHost, kNic };

void PrintTo(Way way, std::ostream* out) {
  *out << (way == Way::kPod ? "Pod" : way == Way::kHost ? "Host" : "Nic");
}

shaping::Shaped shaped_by(const PodAndNode& world, Way way) {
  shaping::Shaped what = way == Way::kNic ? world.shaped_nic() : world.shaped();
  what.egress_from = way == Way::kHost ? EgressFrom::kHost : EgressFrom::kPod;
  return what;
}

class Shape : public testing::TestWithParam<Way> {
 protected:
  std::vector<std::string> differences(const shaping::Rates& rates) {
    return must(shaping::differences(world.host, world.pod, what, rates));
  }
  void shape(const shaping::Rates& rates) {
    must(shaping::shape(world.host, world.pod, what, rates));
  }
  PodAndNode world;
  shaping::Shaped what = shaped_by(world, GetParam());
};

TEST_P(Shape, LimitsAreSeenAsMadeAndGoneAfterRemoval) {
  const shaping::Rates rates = rates_of(10 * kMbit, 20 * kMbit);
  EXPECT_THAT(differences(rates), Not(IsEmpty()));
  shape(rates);
  EXPECT_THAT(differences(rates), IsEmpty());
  EXPECT_THAT(world.traffic_control(), HasSubstr("tbf"));
  must(shaping::remove(world.host, &world.pod, what));
  EXPECT_THAT(world.traffic_control(), IsEmpty());
  must(shaping::remove(world.host, &world.pod, what));
}

TEST_P(Shape, OtherValuesChangeInPlace) {
  shape(rates_of(10 * kMbit, 20 * kMbit));
  const std::string before =
      world.host_ns.sh("ip -o link show type ifb") + world.pod_ns.sh("ip -o link show type ifb");
  const shaping::Rates others = rates_of(30 * kMbit, 5 * kMbit);
  shape(others);
  EXPECT_THAT(differences(others), IsEmpty());
  shape(others);
  EXPECT_THAT(differences(others), IsEmpty());
  EXPECT_EQ(
      world.host_ns.sh("ip -o link show type ifb") + world.pod_ns.sh("ip -o link show type ifb"),
      before);
}

TEST_P(Shape, DirectionThatIsNotLimitedAnyMoreIsFreed) {
  shape(rates_of(10 * kMbit, 20 * kMbit));
  for (const auto& rates : {rates_of(10 * kMbit, 0), rates_of(0, 20 * kMbit), rates_of(0, 0)}) {
    shape(rates);
    EXPECT_THAT(differences(rates), IsEmpty());
  }
  EXPECT_THAT(world.traffic_control(), IsEmpty());
}

TEST_P(Shape, PacketsPassBothWays) {
  shape(rates_of(10 * kMbit, 10 * kMbit));
  EXPECT_TRUE(world.pod_ns.sh_ok("ping -q -c 2 -i 0.2 -W 2 -s 1400 10.1.0.1"));
  EXPECT_TRUE(world.pod_ns.sh_ok("ping -q -c 2 -i 0.2 -W 2 -s 1400 fd00::1"));
  EXPECT_TRUE(world.host_ns.sh_ok("ping -q -c 2 -i 0.2 -W 2 -s 1400 10.1.0.2"));
}

TEST_P(Shape, ExtremeRatesAreTakenByTheKernelAndReadBack) {
  for (const std::uint64_t rate :
       {shaping::kLeastRate, std::uint64_t{1000}, std::uint64_t{34'359'738'360},
        std::uint64_t{100'000'000'000}, shaping::kMostRate}) {
    for (const std::uint64_t burst : {std::uint64_t{0}, std::uint64_t{1}, shaping::kMostBurst}) {
      shaping::Rates rates = rates_of(rate, rate);
      rates.ingress.burst_bits = burst;
      rates.egress.burst_bits = burst;
      shape(rates);
      EXPECT_THAT(differences(rates), IsEmpty()) << rate << " " << burst;
    }
  }
}

TEST_P(Shape, IfbOfAnotherTimeIsTakenOver) {
  shape(rates_of(10 * kMbit, 20 * kMbit));
  world.host_ns.sh("tc qdisc del dev ctn1a2b root; tc qdisc del dev ctn1a2b ingress; true");
  world.pod_ns.sh("tc qdisc del dev eth0 root; tc qdisc del dev eth0 ingress; true");
  shape(rates_of(10 * kMbit, 20 * kMbit));
  EXPECT_THAT(differences(rates_of(10 * kMbit, 20 * kMbit)), IsEmpty());
  EXPECT_TRUE(world.pod_ns.sh_ok("ping -q -c 1 -W 2 10.1.0.1"));
}

TEST_P(Shape, IfbThatWasDeletedByHandIsMadeAnew) {
  shape(rates_of(10 * kMbit, 20 * kMbit));
  for (const ScratchNetNs* ns : {&world.host_ns, &world.pod_ns}) {
    ns->sh(
        "for l in $(ip -o link show type ifb | grep -o 'ctb[a-z2-7]*'); do ip link del $l; done");
  }
  shape(rates_of(10 * kMbit, 20 * kMbit));
  EXPECT_THAT(differences(rates_of(10 * kMbit, 20 * kMbit)), IsEmpty());
  EXPECT_TRUE(world.pod_ns.sh_ok("ping -q -c 1 -W 2 10.1.0.1"));
  must(shaping::remove(world.host, &world.pod, what));
  EXPECT_THAT(world.traffic_control(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Ways, Shape, testing::Values(Way::kPod, Way::kHost, Way::kNic),
                         testing::PrintToStringParamName());

TEST(Shaping, MovesWhenTheWayChanges) {
  PodAndNode world;
  shaping::Shaped what = world.shaped();
  const shaping::Rates rates = rates_of(10 * kMbit, 20 * kMbit);
  for (const EgressFrom from : {EgressFrom::kPod, EgressFrom::kHost, EgressFrom::kPod}) {
    what.egress_from = from;
    must(shaping::shape(world.host, world.pod, what, rates));
    EXPECT_THAT(must(shaping::differences(world.host, world.pod, what, rates)), IsEmpty());
  }
}

TEST(Shaping, StrangersQueueAndFilterStay) {
  PodAndNode world;
  world.host_ns.sh(
      "tc qdisc add dev ctn1a2b root handle 1: tbf rate 1gbit burst 100kb limit 100kb; "
      "tc qdisc add dev ctn1a2b clsact; "
      "tc filter add dev ctn1a2b ingress prio 7 protocol ip u32 match ip dst 9.9.9.9/32");
  shaping::Shaped what = world.shaped();
  what.egress_from = EgressFrom::kHost;
  must(shaping::shape(world.host, world.pod, what, rates_of(0, 20 * kMbit)));
  EXPECT_TRUE(world.pod_ns.sh_ok("ping -q -c 1 -W 2 10.1.0.1"));
  must(shaping::remove(world.host, &world.pod, what));
  const std::string left =
      world.host_ns.sh("tc qdisc show dev ctn1a2b; tc filter show dev ctn1a2b ingress");
  EXPECT_THAT(left, HasSubstr("tbf 1:"));
  EXPECT_THAT(left, HasSubstr("clsact"));
  EXPECT_THAT(left, HasSubstr("pref 7"));
  EXPECT_THAT(left, Not(HasSubstr("mirred")));
}

TEST(Shaping, StrangersEmptyIngressQdiscStays) {
  PodAndNode world;
  world.host_ns.sh("tc qdisc add dev ctn1a2b ingress");
  shaping::Shaped what = world.shaped();
  const auto ingress = [&world] { return world.host_ns.sh("tc qdisc show dev ctn1a2b ingress"); };
  const std::string before = ingress();
  // Egress from the pod: nothing to lead away on the node.
  must(shaping::shape(world.host, world.pod, what, rates_of(kMbit, kMbit)));
  EXPECT_EQ(ingress(), before);
  what.egress_from = EgressFrom::kHost;
  for (const std::uint64_t rate : {10 * kMbit, 20 * kMbit}) {
    must(shaping::shape(world.host, world.pod, what, rates_of(0, rate)));
  }
  EXPECT_TRUE(world.pod_ns.sh_ok("ping -q -c 1 -W 2 10.1.0.1"));
  EXPECT_THAT(world.host_ns.sh("tc filter show dev ctn1a2b ingress"), HasSubstr("mirred"));
  must(shaping::remove(world.host, &world.pod, what));
  EXPECT_EQ(ingress(), before);
  EXPECT_THAT(world.host_ns.sh("tc filter show dev ctn1a2b ingress"), IsEmpty());
}

TEST(Shaping, RemovalNeedsNoLinkAndNoNamespace) {
  PodAndNode world;
  shaping::Shaped what = world.shaped();
  what.egress_from = EgressFrom::kHost;
  must(shaping::shape(world.host, world.pod, what, rates_of(10 * kMbit, 20 * kMbit)));
  world.host_ns.sh("ip link del ctn1a2b");
  must(shaping::remove(world.host, nullptr, what));
  EXPECT_THAT(world.traffic_control(), IsEmpty());
}

TEST(Shaping, IfbTellsWhoseItIs) {
  PodAndNode world;
  shaping::Shaped what = world.shaped();
  what.egress_from = EgressFrom::kHost;
  must(shaping::shape(world.host, world.pod, what, rates_of(0, kMbit)));
  EXPECT_THAT(world.host_ns.sh("ip -o link show type ifb"),
              HasSubstr("catena-bandwidth net pod-a/eth0"));
  what.container_id = std::string(300, 'c');
  must(shaping::shape(world.host, world.pod, what, rates_of(0, kMbit)));
}

TEST(Shaping, TwoInterfacesOfAContainerHaveIfbsOfTheirOwn) {
  EXPECT_NE(shaping::ifb_name("a", "eth0"), shaping::ifb_name("a", "net1"));
  EXPECT_NE(shaping::ifb_name("a", "bc"), shaping::ifb_name("ab", "c"));
  EXPECT_EQ(shaping::ifb_name("a", "eth0").size(), 15U);
}

TEST(Shaping, EndOnTheNodeIsFoundByTheKernelsWord) {
  PodAndNode world;
  const std::vector<shaping::Pipe> expected{{.pod_link = "eth0", .host_link = "ctn1a2b"}};
  EXPECT_EQ(must(shaping::find_pipes(world.host, world.pod, "eth0", {})), expected);
  EXPECT_EQ(must(shaping::find_pipes(world.host, world.pod, "eth0", {"other0", "ctn1a2b"})),
            expected);
  const auto not_named = shaping::find_pipes(world.host, world.pod, "eth0", {"other0"});
  EXPECT_TRUE(!not_named.ok() && not_named.error().is(base::ErrorKind::kDiffers));
  const auto missing = shaping::find_pipes(world.host, world.pod, "eth9", {});
  EXPECT_TRUE(!missing.ok() && missing.error().is(base::ErrorKind::kNotFound));
}

TEST(Shaping, InterfaceWithoutAnEndOnTheNodeGoesWithThePodsLinkToTheHost) {
  PodAndNode world;
  world.pod_ns.sh("ip link set eth0 down; ip link set eth0 name veth1; ip link add eth0 type ifb");
  const std::vector<shaping::Pipe> expected{{.pod_link = "eth0", .host_link = ""},
                                            {.pod_link = "veth1", .host_link = "ctn1a2b"}};
  EXPECT_EQ(must(shaping::find_pipes(world.host, world.pod, "eth0", {"ctn1a2b"})), expected);
}

// The node has a link of the peer's index that is no end of this pod's.
TEST(Shaping, LinkThatOnlyHasTheSameIndexIsNotTaken) {
  const ScratchNetNs third;
  PodAndNode world;
  world.pod_ns.sh("ip link add net1 type veth peer name far index 77 netns " + third.path());
  world.host_ns.sh("ip link add decoy index 77 type veth peer name other");
  const auto found = shaping::find_pipes(world.host, world.pod, "net1", {});
  EXPECT_FALSE(found.ok());
}

}  // namespace
}  // namespace catena::test
