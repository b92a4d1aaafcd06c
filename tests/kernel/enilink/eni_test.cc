// Setting up ENIs on the host.
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <thread>

#include "common/netlink/watch.h"
#include "tests/kernel/enilink/scene.h"

namespace catena::enilink::test {
namespace {

using namespace std::chrono_literals;  // NOLINT: the literals' own way

class Eni : public testing::Test {
 protected:
  std::string sh(const std::string& command) const { return scene.node().sh(command); }
  std::string link_of(const HostEni& eni) const {
    return sh("ip -br link | awk '/" + eni.mac.to_string() +
              "/ {print $1}' | cut -d@ -f1 |"
              " tr -d '\\n'");
  }
  std::vector<std::string> lost() const {
    std::vector<std::string> all;
    scene.at_node([&](const Kernel& kernel) { all = differences(kernel, scene.state()).value(); });
    return all;
  }

  EniNode scene;
};

TEST_F(Eni, HasItsTableItsRuleAndItsAddressAndNothingElse) {
  sh("ip link set eth1 up; ip addr add 192.168.0.21/24 dev eth1");  // as a DHCP client would
  scene.ensure();
  EXPECT_EQ(sh("ip -br -4 addr show dev eth1 | awk '{print $2, $3, $4}'"), "UP 169.254.1.1/32 \n");
  EXPECT_EQ(sh("ip -4 addr show dev eth1 | grep -c 'scope link'"), "1\n");
  EXPECT_EQ(sh("ip route show table 20201"),
            "default via 192.168.0.253 dev eth1 proto 202 onlink \n");
  EXPECT_EQ(sh("ip -6 route show table 20201 | sed 's/ metric.*//'"),
            "fd00:a::ffff:ffff:ffff:fff7 dev eth1 proto 202\n"
            "default via fd00:a::ffff:ffff:ffff:fff7 dev eth1 proto 202\n");
  EXPECT_EQ(sh("ip rule show | grep -v -e local -e main -e default"),
            "512:\tfrom all lookup 20200 proto 202\n"
            "601:\tfrom all fwmark 0x100000/0xff00000 lookup 20201 proto 202\n"
            "602:\tfrom all fwmark 0x200000/0xff00000 lookup 20202 proto 202\n");
  EXPECT_EQ(sh("sysctl -n net.ipv4.conf.eth1.rp_filter net.ipv4.conf.eth1.arp_ignore"
               " net.ipv4.conf.eth1.arp_announce net.ipv6.conf.eth1.accept_ra"),
            "2\n8\n2\n0\n");
  EXPECT_TRUE(lost().empty());
}

TEST_F(Eni, EnsuredAgainChangesNothing) {
  scene.ensure();
  scene.at_node([&](const Kernel& kernel) {
    const base::Result<base::UniqueFd> watch = netlink::open_watch(
        NETLINK_ROUTE, {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE,
                        RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE});
    ASSERT_OK(watch);
    // What the kernel does by itself after the first time.
    std::this_thread::sleep_for(300ms);
    ASSERT_OK(netlink::read_watch(watch->get(), [](const nlmsghdr*) {}));
    EXPECT_OK(ensure_node(kernel, scene.routing));
    EXPECT_OK(ensure_eni(kernel, scene.eni1, scene.routing, 0ms));
    EXPECT_OK(ensure_eni(kernel, scene.primary, scene.routing, 0ms));
    int events = 0;
    ASSERT_OK(netlink::read_watch(watch->get(), [&events](const nlmsghdr*) { ++events; }));
    EXPECT_EQ(events, 0);
  });
}

TEST_F(Eni, IsFoundByItsMacWhateverItIsCalled) {
  sh("ip link set eth1 name eth9; ip link set eth2 name eth1; ip link set eth9 name ens5");
  // A link on top of it that has its MAC too.
  sh("ip link add br7 address 00:16:3e:00:01:01 type bridge");
  scene.ensure();
  EXPECT_EQ(sh("ip route show table 20201"),
            "default via 192.168.0.253 dev ens5 proto 202 onlink \n");
  sh("ip link set ens5 down; ip link set ens5 name renamed; ip link set renamed up");
  scene.ensure();
  EXPECT_EQ(sh("ip route show table 20201"),
            "default via 192.168.0.253 dev renamed proto 202 onlink \n");
}

TEST_F(Eni, IsWaitedForUntilItIsPlugged) {
  catena::test::must(scene.vpc.plane().unplug("eni-1"));
  scene.at_node([&](const Kernel& kernel) {
    const auto begin = std::chrono::steady_clock::now();
    const base::Result<EniLink> none = ensure_eni(kernel, scene.eni1, scene.routing, 50ms);
    ASSERT_FALSE(none.ok());
    EXPECT_TRUE(none.error().is(base::ErrorKind::kNotFound));
    EXPECT_NE(none.error().text().find("00:16:3e:00:01:01"), std::string::npos);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
  });
  std::jthread later([this] {
    std::this_thread::sleep_for(200ms);
    catena::test::must(scene.vpc.plane().plug(
        "i-a", catena::test::nic("eni-1", "00:16:3e:00:01:01", "vsw-a", {"192.168.0.21"})));
  });
  scene.at_node(
      [&](const Kernel& kernel) { EXPECT_OK(ensure_eni(kernel, scene.eni1, scene.routing, 10s)); });
}

TEST_F(Eni, ThePrimaryOneKeepsItsAddressesAndRoutes) {
  const std::string before = sh("ip addr show dev eth0; ip route; ip -6 route show dev eth0");
  scene.at_node([&](const Kernel& kernel) {
    const base::Result<EniLink> link = ensure_eni(kernel, scene.primary, scene.routing, 0ms);
    ASSERT_OK(link);
    EXPECT_TRUE(link->is_primary);
    EXPECT_EQ(link->link.name, "eth0");
  });
  EXPECT_EQ(sh("ip addr show dev eth0; ip route; ip -6 route show dev eth0"), before);
  EXPECT_EQ(sh("ip route show table all | grep -c 'table 20203' || true"), "0\n");
}

// Taking its address would cut the node off.
TEST_F(Eni, ThePrimaryOneIsNotTouchedWhereItCannotBeTold) {
  const auto expect_untouched = [this](const std::string& why) {
    const std::string before = sh("ip addr show dev eth0; ip link show dev eth0");
    scene.at_node([&](const Kernel& kernel) {
      const base::Result<EniLink> link = ensure_eni(kernel, scene.primary, scene.routing, 0ms);
      ASSERT_FALSE(link.ok()) << why;
      EXPECT_TRUE(link.error().is(base::ErrorKind::kTryAgain));
      EXPECT_NE(link.error().text().find("cannot tell whether eth0"), std::string::npos);
      const base::Result<Repair> repair = repair_all(kernel, scene.state());
      ASSERT_OK(repair);
      EXPECT_FALSE(repair->failed.empty()) << why;
    });
    EXPECT_EQ(sh("ip addr show dev eth0; ip link show dev eth0"), before) << why;
  };
  sh("ip route del default; ip -6 route del default");
  expect_untouched("no default route");
  // As a DHCP client on an ENI does it.
  sh("ip link set eth1 up; ip addr add 192.168.0.21/24 dev eth1;"
     " ip route add default via 192.168.0.253 dev eth1");
  expect_untouched("an ENI has the default route");
}

TEST_F(Eni, GetsItsMtu) {
  scene.eni1.mtu = 1400;
  scene.ensure();
  EXPECT_EQ(sh("ip link show dev eth1 | grep -o 'mtu [0-9]*'"), "mtu 1400\n");
}

TEST_F(Eni, LeavesNoTableAndNoRuleOnceRemoved) {
  scene.ensure();
  scene.at_node([&](const Kernel& kernel) {
    EXPECT_OK(remove_eni(kernel, 1));
    EXPECT_OK(remove_eni(kernel, 1));
    EXPECT_OK(remove_eni(kernel, 99));
  });
  EXPECT_EQ(sh("ip rule show | grep -c 20201 || true; ip -6 rule show | grep -c 20201 || true;"
               "ip route show table all | grep -c 'table 20201' || true"),
            "0\n0\n0\n");
  EXPECT_EQ(sh("ip route show table 20202 | wc -l"), "1\n");
}

TEST_F(Eni, AGatewayThatMovedIsFollowed) {
  scene.ensure();
  scene.eni2.gateway = ip("192.168.1.254");
  scene.ensure();
  EXPECT_EQ(sh("ip route show table 20202"),
            "default via 192.168.1.254 dev eth2 proto 202 onlink \n");
}

TEST_F(Eni, IPv4AloneLeavesIPv6Alone) {
  scene.routing.families = {base::Family::kIpv4};
  scene.eni1.gateway6.reset();
  scene.eni2.gateway6.reset();
  scene.ensure();
  EXPECT_EQ(sh("ip -6 rule show | grep -c 202 || true"), "0\n");
  EXPECT_TRUE(lost().empty());
}

TEST_F(Eni, TheRulesShapeHasNoMarks) {
  scene.routing.shape = Shape::kRules;
  scene.ensure();
  const auto pod = scene.add_pod(scene.eni1, "192.168.0.21", "fd00:a::21");
  EXPECT_EQ(sh("ip rule show | grep -v -e local -e main -e default"),
            "512:\tfrom all lookup 20200 proto 202\n"
            "2048:\tfrom 192.168.0.21 lookup 20201 proto 202\n");
  EXPECT_EQ(sh("nft list ruleset"), "");
  scene.at_node([&](const Kernel& kernel) {
    EXPECT_OK(forget_pod(kernel, {pod->v4, pod->v6}));
    EXPECT_OK(remove_pod(kernel, {pod->v4, pod->v6}));
    EXPECT_OK(remove_pod(kernel, {pod->v4, pod->v6}));
  });
  EXPECT_EQ(sh("ip rule show | grep -c 2048 || true; ip -6 rule show | grep -c 2048 || true"),
            "0\n0\n");
}

TEST_F(Eni, TheShapeIsMarksWhereTheKernelTakesThem) {
  scene.at_node([&](const Kernel& kernel) {
    const firewall::MarkSettings marks;
    EXPECT_EQ(choose_shape(kernel, WantedShape::kAuto, marks).value(), Shape::kMarks);
    EXPECT_EQ(choose_shape(kernel, WantedShape::kMarks, marks).value(), Shape::kMarks);
    EXPECT_EQ(choose_shape(kernel, WantedShape::kRules, marks).value(), Shape::kRules);
    const Kernel without{kernel.routes, nullptr};
    EXPECT_EQ(choose_shape(without, WantedShape::kAuto, marks).value(), Shape::kRules);
    const base::Result<Shape> refused = choose_shape(without, WantedShape::kMarks, marks);
    ASSERT_FALSE(refused.ok());
    EXPECT_TRUE(refused.error().is(base::ErrorKind::kUnsupported));
  });
}

// A hundred pods' links, rules or routes must not make it dearer: nothing of theirs is read.
TEST_F(Eni, InPlaceItIsCheap) {
  scene.ensure();
  sh("for i in $(seq 1 125); do echo \"link add ctnx$i type veth peer name ctny$i\"; done | ip -b "
     "-");
  scene.at_node([&](const Kernel& kernel) {
    constexpr int kRounds = 200;
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < kRounds; ++i) {
      ASSERT_OK(ensure_eni(kernel, scene.eni1, scene.routing, 0ms));
    }
    const auto each = std::chrono::duration_cast<std::chrono::microseconds>(
                          std::chrono::steady_clock::now() - begin) /
                      kRounds;
    RecordProperty("microseconds", static_cast<int>(each.count()));
    std::printf("ensure_eni in place: %d us\n", static_cast<int>(each.count()));
    EXPECT_LT(each, 2ms);  // 0.1 ms where nothing else runs
  });
}

}  // namespace
}  // namespace catena::enilink::test
