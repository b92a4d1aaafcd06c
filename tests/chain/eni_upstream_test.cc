// Debian's chained plugins behind catena-eni.
#include <gmock/gmock.h>

#include "tests/chain/own_enis.h"
#include "tests/support/probe.h"

namespace catena::test {
namespace {

using base::Family;
using testing::HasSubstr;

class BehindOwnEni : public testing::Test {
 protected:
  BehindOwnEni() : nodes_(2, own_eni_scene(2, 3)) {}

  const SimNode& node() const { return nodes_[0]; }
  // Without `is_checked` for a plugin whose own CHECK fails, or that changes what the one before it
  // made.
  std::unique_ptr<Pod> start(const json& plugin, bool is_checked = true) const {
    install_own_enis(node(), plugin, {{"when", "always"}});
    auto pod = start_asking(node());
    if (HasFailure()) {
      return nullptr;
    }
    if (is_checked) {
      const Outcome checked = node().cnitool("check", pod->netns, asking());
      EXPECT_EQ(checked.exit_status, 0) << checked.out << checked.err;
    }
    return pod;
  }
  // From the pod through its ENI to another node.
  std::string seen_elsewhere(const Pod& pod) const {
    const auto seen = tcp_probe({pod.netns, *pod.address(Family::kIpv4), nodes_[1].netns(),
                                 nodes_[1].address(Family::kIpv4)});
    return seen ? seen->to_string() : "cut";
  }
  void end(std::unique_ptr<Pod> pod) const {
    EXPECT_EQ(seen_elsewhere(*pod), pod->address(Family::kIpv4)->to_string());
    const Outcome deleted = node().cnitool("del", pod->netns, asking());
    EXPECT_EQ(deleted.exit_status, 0) << deleted.out << deleted.err;
    EXPECT_EQ(node().netns().sh("ip -o link | grep -E 'ctn|bwp'; true"), "");
    EXPECT_EQ(nics_in(pod->netns), "");
  }

  SimNodes nodes_;
};

TEST_F(BehindOwnEni, TuningSetsWhatIsAsked) {
  auto pod = start({{"type", "tuning"},
                    {"sysctl", {{"net.core.somaxconn", "500"}}},
                    {"dataDir", node().state_dir() + "-tuning"}});
  ASSERT_NE(pod, nullptr);
  EXPECT_THAT(pod->netns.sh("sysctl -n net.core.somaxconn"), HasSubstr("500"));
  end(std::move(pod));
}

// A result of cniVersion 1.0.0 has no MTU: what tuning made of it nobody else is told.
TEST_F(BehindOwnEni, TuningSetsTheMtuOfTheEniAndCheckTakesItFromThere) {
  auto pod =
      start({{"type", "tuning"}, {"mtu", 1400}, {"dataDir", node().state_dir() + "-tuning"}});
  ASSERT_NE(pod, nullptr);
  EXPECT_THAT(pod->netns.sh("ip link show eth0"), HasSubstr("mtu 1400"));
  pod->netns.sh("ip link set veth1 mtu 1300");
  const Outcome checked = node().cnitool("check", pod->netns, asking());
  EXPECT_NE(checked.exit_status, 0);
  EXPECT_THAT(checked.out + checked.err, HasSubstr("MTU of veth1 is 1300"));
  end(std::move(pod));
}

TEST_F(BehindOwnEni, BandwidthPassesAPodWithoutLimits) {
  auto pod = start({{"type", "bandwidth"}, {"capabilities", {{"bandwidth", true}}}}, false);
  ASSERT_NE(pod, nullptr);
  end(std::move(pod));
}

// It looks for the node's end of a veth that the pod calls eth0; catena-bandwidth shapes the NIC.
TEST_F(BehindOwnEni, BandwidthRefusesLimitsAndTheEniIsFreeAgain) {
  install_own_enis(node(),
                   {{"type", "bandwidth"}, {"ingressRate", 8'000'000}, {"ingressBurst", 1'600'000}},
                   {{"when", "always"}});
  auto pod = std::make_unique<Pod>();
  const Outcome refused = node().cnitool("add", pod->netns, asking());
  EXPECT_NE(refused.exit_status, 0);
  EXPECT_THAT(refused.out + refused.err, HasSubstr("bandwidth"));
  const Outcome deleted = node().cnitool("del", pod->netns, asking());
  EXPECT_EQ(deleted.exit_status, 0) << deleted.out << deleted.err;
  EXPECT_EQ(nics_in(pod->netns), "");
  EXPECT_THAT(nics_in(node().netns()), HasSubstr("eth1 "));
}

TEST_F(BehindOwnEni, FirewallLetsThePodThrough) {
  auto pod = start({{"type", "firewall"}, {"backend", "iptables"}});
  ASSERT_NE(pod, nullptr);
  EXPECT_THAT(node().netns().sh("iptables-save"),
              HasSubstr(pod->address(Family::kIpv4)->to_string()));
  end(std::move(pod));
}

TEST_F(BehindOwnEni, SbrGivesTheNicATableOfItsOwn) {
  auto pod = start({{"type", "sbr"}});
  ASSERT_NE(pod, nullptr);
  EXPECT_THAT(pod->netns.sh("ip rule"), HasSubstr(pod->address(Family::kIpv4)->to_string()));
  EXPECT_THAT(pod->netns.sh("ip route show table 100"), HasSubstr("default via"));
  pod->netns.sh("ip route del default table 100; ip addr add 10.9.9.9/24 dev eth0");
  const Outcome checked = node().cnitool("check", pod->netns, asking());
  EXPECT_THAT(checked.out + checked.err, HasSubstr("route 0.0.0.0/0 via"));
  EXPECT_THAT(checked.out + checked.err, HasSubstr("extra address 10.9.9.9/24 on eth0"));
  const Outcome deleted = node().cnitool("del", pod->netns, asking());
  EXPECT_EQ(deleted.exit_status, 0) << deleted.out << deleted.err;
}

}  // namespace
}  // namespace catena::test
