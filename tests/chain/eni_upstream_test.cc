// Debian's chained plugins behind catena-eni.
#include <gmock/gmock.h>

#include "tests/chain/own_enis.h"
#include "tests/support/call.h"

namespace catena::test {
namespace {

using base::Family;
using base::IpAddress;
using testing::HasSubstr;

class BehindOwnEni : public testing::Test {
 protected:
  BehindOwnEni() : nodes_(2, own_eni_scene(2, 3)) {}

  const SimNode& node() const { return nodes_[0]; }
  std::unique_ptr<Pod> start(const json& plugin) const {
    install_own_enis(node(), plugin, {{"when", "always"}});
    auto pod = start_asking(node());
    if (HasFailure()) {
      return nullptr;
    }
    const Outcome checked = node().cnitool("check", pod->netns, asking());
    EXPECT_EQ(checked.exit_status, 0) << checked.out << checked.err;
    return pod;
  }
  // From the pod through its ENI to another node.
  std::string seen_elsewhere(const Pod& pod) const {
    const IpAddress there = nodes_[1].address(Family::kIpv4);
    const auto seen = caller_seen({pod.netns, there, 8080, nodes_[1].netns(), there, 8080});
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
                    {"mtu", 1400},
                    {"dataDir", node().state_dir() + "-tuning"}});
  ASSERT_NE(pod, nullptr);
  EXPECT_THAT(pod->netns.sh("sysctl -n net.core.somaxconn"), HasSubstr("500"));
  EXPECT_THAT(pod->netns.sh("ip link show eth0"), HasSubstr("mtu 1400"));
  end(std::move(pod));
}

TEST_F(BehindOwnEni, BandwidthLimitsTheLinkToTheNode) {
  auto pod =
      start({{"type", "bandwidth"}, {"ingressRate", 8'000'000}, {"ingressBurst", 1'600'000}});
  ASSERT_NE(pod, nullptr);
  EXPECT_THAT(node().netns().sh("tc qdisc show"), HasSubstr("rate 8Mbit"));
  end(std::move(pod));
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
  end(std::move(pod));
}

}  // namespace
}  // namespace catena::test
