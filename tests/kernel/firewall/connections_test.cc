// Flows of a pod that is gone are forgotten, and nobody else's.
#include "common/firewall/connections.h"

#include <chrono>
#include <cstdio>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/kernel/firewall/scene.h"
#include "tests/support/must.h"

namespace catena::firewall::test {
namespace {

using base::IpAddress;
using base::Status;
using catena::test::must;
using catena::test::udp_socket;
using Clock = std::chrono::steady_clock;

class Connections : public testing::TestWithParam<bool> {
 protected:
  Connections() {
    scene_.at_node([](Table& table) {
      must(table.ensure_guard());  // connection tracking begins with a rule that asks for it
    });
    scene_.node.netns.sh(
        "nft 'add table inet watch; add chain inet watch c { type filter hook forward priority 0; "
        "}; add rule inet watch c ct state invalid counter'");
    scene_.at_node([this](Table& table) {
      must(table.enter(Scene::entries_of(scene_.pod_a)));
      must(table.enter(Scene::entries_of(scene_.pod_b)));
    });
  }
  void forget(const std::vector<IpAddress>& addresses) const {
    const bool one_by_one = GetParam();
    scene_.node.netns.run([&] {
      const Status done =
          one_by_one ? forget_connections_one_by_one(addresses) : forget_connections(addresses);
      EXPECT_TRUE(done.ok()) << done.error().text();
    });
  }
  // Flows that the node knows with this text in their line.
  int flows(const std::string& text) const {
    return std::stoi(scene_.node.netns.sh("grep -c '" + text + "' /proc/net/nf_conntrack || true"));
  }
  static void send(const Place& from, const Place& to, base::Family family) {
    const auto sender = udp_socket(from.netns, address_of(from, family));
    const auto receiver = udp_socket(to.netns, address_of(to, family));
    EXPECT_TRUE(catena::test::send_to_socket(sender, receiver));
  }

  Scene scene_;
};

TEST_P(Connections, OfOneAddressAreForgottenAndNoOthers) {
  for (const base::Family family : kFamilies) {
    send(scene_.pod_a, scene_.outside, family);
    send(scene_.outside, scene_.pod_a, family);
    send(scene_.pod_b, scene_.outside, family);
  }
  ASSERT_GE(flows("10.1.0.1"), 2);
  forget({scene_.pod_a.v4, scene_.pod_a.v6});
  EXPECT_EQ(flows("10.1.0.1 "), 0);
  EXPECT_EQ(flows("fd00:0001:0000:0000:0000:0000:0000:0001"), 0);
  EXPECT_EQ(flows("10.1.0.2 "), 1);
  EXPECT_EQ(flows("fd00:0001:0000:0000:0000:0000:0000:0002"), 1);
  forget({scene_.pod_a.v4});
  forget({});
}

TEST_P(Connections, ThatCameByANodesPortAreFoundBehindIt) {
  scene_.node.netns.sh(
      "nft 'add table ip t; add chain ip t p { type nat hook prerouting priority -100; }; add rule "
      "ip t p ip daddr 192.0.2.1 udp dport 30000 dnat to 10.1.0.1:53'");
  scene_.outside.netns.sh(
      "echo x > /dev/udp/192.0.2.1/30000 || bash -c 'echo x > "
      "/dev/udp/192.0.2.1/30000'");
  ASSERT_EQ(flows("dport=30000"), 1);
  forget({scene_.pod_a.v4});
  EXPECT_EQ(flows("dport=30000"), 0);
}

TEST_P(Connections, OfOneAddressAmongManyAreForgottenSoon) {
  constexpr int kPorts = 20'000;
  catena::test::send_to_ports(udp_socket(scene_.pod_b.netns, scene_.pod_b.v4), scene_.outside.v4,
                              kPorts);
  send(scene_.pod_a, scene_.outside, base::Family::kIpv4);
  const int before = flows("10.1.0.2 ");
  const Clock::time_point begin = Clock::now();
  forget({scene_.pod_a.v4});
  const double taken = std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
  std::printf("%d flows of others: %.1f ms\n", before, taken);
  EXPECT_EQ(flows("10.1.0.1 "), 0);
  EXPECT_GT(flows("10.1.0.2 "), kPorts / 2);
  EXPECT_LT(taken, 1'000);
}

TEST_P(Connections, OfOneAddressByTheThousandAreAllForgotten) {
  constexpr int kPorts = 2'000;
  for (const base::Family family : kFamilies) {
    catena::test::send_to_ports(udp_socket(scene_.pod_a.netns, address_of(scene_.pod_a, family)),
                                address_of(scene_.outside, family), kPorts);
  }
  ASSERT_GE(flows("10.1.0.1 "), kPorts);
  ASSERT_GE(flows("fd00:0001:0000:0000:0000:0000:0000:0001"), kPorts);
  forget({scene_.pod_a.v4, scene_.pod_a.v6});
  EXPECT_EQ(flows("10.1.0.1 "), 0);
  EXPECT_EQ(flows("fd00:0001:0000:0000:0000:0000:0000:0001"), 0);
}

std::string name_of_way(const testing::TestParamInfo<bool>& way) {
  return way.param ? "OneByOne" : "AtOnce";
}
INSTANTIATE_TEST_SUITE_P(Both, Connections, testing::Bool(), name_of_way);

}  // namespace
}  // namespace catena::firewall::test
